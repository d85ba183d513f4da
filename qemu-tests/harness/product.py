# SPDX-License-Identifier: GPL-2.0-or-later
"""The product as an administrator uses it in a guest: sysfs and fastbootctl."""

import json
import shlex
from dataclasses import dataclass

from . import disk
from .golden import SNAPSHOT

PARAMETERS = "/sys/module/fastboot_snapshot/parameters"
ATTRIBUTES = "/sys/power/fastboot"
EFIVARS = "/sys/firmware/efi/efivars"


@dataclass
class Answer:
    """The result of a command that was written to the snapshot file."""
    status: int
    output: str     # the shell's, which contains the errno's text
    refusal: dict   # {code: its lines} of last_refusal
    log: str        # what the kernel logged during the command


def obstacles(text):
    """{code: its indented lines} of last_refusal, in the order they were found."""
    found = {}
    code = None
    for line in text.splitlines():
        if line[:1].isspace():
            found[code] += line.strip() + "\n"
        else:
            code = line.split(": ", 1)[0]
            assert code not in found, text
            found[code] = ""
    return found


def write(vm, command, timeout=180):
    """Write a command; returns an Answer even if it was refused."""
    result = vm.run(f"dmesg -c >/dev/null; echo {shlex.quote(command)} >{SNAPSHOT}",
                    timeout=timeout, check=False)
    return Answer(result.status, result.output, obstacles(vm.last_refusal()),
                  vm.run("dmesg -c").output)


def attribute(vm, name):
    return vm.run(f"cat {ATTRIBUTES}/{name}").output.strip()


def timings(vm):
    """The module's figures of the last snapshot or restore: {key: number}."""
    lines = attribute(vm, "timings").splitlines()
    return {key: int(value, 16 if key == "svam_status" else 10)
            for key, value in (line.split("=") for line in lines)}


def parameter(vm, name):
    return vm.run(f"cat {PARAMETERS}/{name}").output.strip()


def set_parameter(vm, name, value):
    vm.run(f"echo {shlex.quote(value)} >{PARAMETERS}/{name}")


def unit_log(vm, unit):
    """What the service has written to the journal."""
    return vm.run(f"journalctl -q -o cat -u {unit}.service").output


def area_partition(vm):
    """The device of the image area."""
    return vm.machine.area


def fastbootctl(vm, verb, *arguments, timeout=120, check=True):
    """Run a verb on the image's partition."""
    words = " ".join(["fastbootctl", verb, area_partition(vm), *arguments])
    return vm.run(words, timeout=timeout, check=check)


def status(vm):
    """`fastbootctl status`, with the slots by letter under "slots"."""
    report = json.loads(fastbootctl(vm, "status", "--json").output)
    report["slots"] = {slot["slot"]: slot for slot in report["images"]["slots"]}
    return report


def verify(vm, slot):
    """The image in the slot is good to its last byte, whatever happened to its disks."""
    output = fastbootctl(vm, "verify", "--no-proofs", "--slot", slot).output.lower()
    assert f"slot {slot}: good" in output


def slot_digest(vm, slot):
    """The digest of the slot on the disk, read by QEMU: an emulated machine would need long."""
    offset, size = slot_extents(vm)["ab".index(slot)]
    return vm.disk_digest(disk.area_offset() + offset, size)


def slot_extents(vm):
    """[(offset, size)] in bytes of the partition, from the area header itself."""
    sectors = int(vm.run(f"blockdev --getsz {area_partition(vm)}").output)
    header = sectors * 512 // 4096 - 1
    octets = vm.run(f"dd if={area_partition(vm)} bs=4k skip={header} count=1 iflag=direct"
                    " 2>/dev/null | od -An -v -tx1 -j64 -N40").output
    data = bytes.fromhex(octets.replace("\n", " "))
    count = int.from_bytes(data[:4], "little")
    values = [int.from_bytes(data[at:at + 8], "little") for at in range(8, 8 + 16 * count, 8)]
    return list(zip(values[::2], values[1::2]))


def remount_efivars(vm):
    """Make efivarfs list the firmware's variables: until then it lists those of the snapshot."""
    vm.run(f"umount {EFIVARS} && mount -t efivarfs efivarfs {EFIVARS}")
