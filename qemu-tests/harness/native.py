# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest's disk, read and changed by the host while its machine is off.

Everything is in the raw image that fresh_machine made; the overlay is empty meanwhile.
"""

import subprocess

from . import disk
from .paths import GUEST_SCRIPTS, host
from .vm import SCALE, GuestError

ENTER = GUEST_SCRIPTS / "enter-disk"


def possible():
    """Can this host enter guests' systems?  That needs root and loop devices."""
    return subprocess.run([ENTER, "--possible"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, check=False).returncode == 0


def flat(vm):
    """The raw image, with all that the machine has written so far."""
    host("qemu-img", "commit", "-q", "-f", "qcow2", vm.disk)
    return vm.disk.with_name("disk.raw")


def run(vm, script, share, timeout=600):
    """Run a shell script as root in the guest's system, with the folder share as /mnt.

    Returns its output.
    """
    offset, size = disk.partition_extent(vm.machine, "root")
    return host(ENTER, flat(vm), offset, size, share, "/bin/sh", "-c", script,
                stdin=subprocess.DEVNULL, timeout=timeout * SCALE)


def on_esp(vm):
    """The paths of all files on the EFI system partition."""
    offset, _ = disk.partition_extent(vm.machine, "esp")
    return host("mdir", "-b", "-a", "-/", "-i", f"{flat(vm)}@@{offset}", "::").splitlines()


def use_kernel(vm, release):
    """Copy a kernel and its initramfs from /boot to where the guest's boot manager expects them."""
    raw = flat(vm)
    root, _ = disk.partition_extent(vm.machine, "root")
    esp, _ = disk.partition_extent(vm.machine, "esp")
    for name, target in ((f"vmlinuz-{release}", "vmlinuz"), (f"initrd.img-{release}", "initrd")):
        local = raw.with_name(target)
        output = host("debugfs", "-R", f"dump /boot/{name} {local}", f"{raw}?offset={root}")
        if not local.exists() or not local.stat().st_size:
            raise GuestError(f"{vm.machine.name} has no /boot/{name}: {output}")
        host("mcopy", "-o", "-i", f"{raw}@@{esp}", local, f"::/{target}")
        local.unlink()
