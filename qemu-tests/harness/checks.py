# SPDX-License-Identifier: GPL-2.0-or-later
"""What must be true of a restored machine, whichever it is.

Each check asks the guest and asserts on its answer.
"""

import time

from . import disk

TEST_GUID = "6f0c7a52-3b5e-4c55-9f0e-3b1a8f0c2d11"
EFIVARS = "/sys/firmware/efi/efivars"


def restored_state(vm, generation=1, restores=1):
    assert vm.state() == f"restored generation={generation} restores={restores}"


def processors(vm):
    """All are online, and each one runs what is put on it."""
    count = vm.machine.cpus
    online = vm.run("cat /sys/devices/system/cpu/online").output.strip()
    assert online == ("0" if count == 1 else f"0-{count - 1}")
    for number in range(count):
        ran_on = vm.run(f"taskset -c {number} cat /proc/self/stat").output.split()[38]
        assert int(ran_on) == number
    ticks = "grep LOC: /proc/interrupts"
    before = vm.run(ticks).output.split()[1:1 + count]
    time.sleep(1)
    after = vm.run(ticks).output.split()[1:1 + count]
    stopped = [number for number in range(count) if int(after[number]) <= int(before[number])]
    assert not stopped, f"no timer interrupts on processors {stopped}"


def clock(vm, tolerance=2):
    """The RTC counts whole seconds, and is read once before and once after."""
    before = time.time()
    guest = float(vm.run("date +%s.%N").output)
    after = time.time()
    assert before - tolerance <= guest <= after + tolerance, \
        f"the guest's clock is {guest - before:.1f} s off"


def disk_io(vm):
    """Bytes written past the page cache come back, and are new each time."""
    scratch = vm.machine.partition(disk.SCRATCH)
    vm.run("head -c 65536 /dev/urandom >/tmp/written")
    vm.run(f"dd if=/tmp/written of={scratch} bs=64k oflag=direct conv=fsync 2>/dev/null")
    vm.run(f"dd if={scratch} of=/tmp/read bs=64k count=1 iflag=direct 2>/dev/null")
    vm.run("cmp /tmp/written /tmp/read")
    vm.run("rm /tmp/written /tmp/read")


def efi_variables(vm, name):
    """A variable written now is read back; name must be new on this machine."""
    path = f"{EFIVARS}/{name}-{TEST_GUID}"
    vm.run(f"printf '\\007\\000\\000\\000written-{name}' >{path}")
    assert vm.run(f"dd if={path} bs=4 skip=1 2>/dev/null").output == f"written-{name}"
    assert vm.run(f"cat {EFIVARS}/BootCurrent-*").status == 0


def random_bytes(vm):
    """To be compared between restores of one image."""
    return vm.run("head -c 24 /dev/urandom | base64").output.strip()


def whole_machine(vm, variable):
    processors(vm)
    clock(vm)
    disk_io(vm)
    efi_variables(vm, variable)


def normal_boot_after_refusal(vm, code):
    """The firmware went on to the normal system, which can read the reason."""
    match = vm.wait_console(r"fastboot: refused: ([^\s:]+):")
    assert match.group(1) == code
    vm.wait_shell()
    result = vm.last_result()
    assert result.get("result") == "refused"
    assert result.get("code") == code
    assert result.get("sentence") and result.get("advice")
    vm.run("modprobe fastboot_snapshot")
    assert vm.state() == "idle"
    return result
