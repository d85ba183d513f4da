# SPDX-License-Identifier: GPL-2.0-or-later
"""Snapshots that are refused: the reason is told and the machine runs on."""

from harness import checks, disk, machines
from harness.golden import SNAPSHOT

SMALL_SLOTS = machines.TINY.changed(name="tiny-small-slots", area_mib=64)


def refused(vm, code):
    result = vm.run(f"echo golden >{SNAPSHOT}", check=False, timeout=120)
    assert result.status != 0
    refusal = vm.last_refusal()
    assert code in refusal, refusal
    assert vm.state() == "idle"
    return refusal


def taken(vm):
    vm.run(f"echo golden >{SNAPSHOT}", timeout=180)
    assert vm.state() == "saved generation=1"
    assert vm.last_refusal() == ""


def test_writable_file_system(lab):
    """A read-write ext4 is an obstacle; unmounted, the same machine is saved."""
    vm = lab.fresh(machines.TINY).start()
    vm.wait_shell()
    scratch = vm.machine.partition(disk.SCRATCH)
    vm.run(f"mke2fs {scratch} >/dev/null 2>&1 && mkdir -p /mnt && mount -t ext4 {scratch} /mnt")
    vm.run("echo kept >/mnt/file && sync")
    vm.run("modprobe fastboot_snapshot")

    refusal = refused(vm, "fs-writable")
    assert scratch.removeprefix("/dev/") in refusal or "/mnt" in refusal

    vm.run("echo more >>/mnt/file && sync && umount /mnt")
    vm.run(f"mount -t ext4 -o ro {scratch} /mnt")
    assert vm.run("cat /mnt/file").output == "kept\nmore"
    vm.run("umount /mnt")
    checks.processors(vm)
    checks.disk_io(vm)
    taken(vm)


def test_image_too_large(lab):
    """More incompressible memory than the slot holds; freed, it is saved."""
    vm = lab.fresh(SMALL_SLOTS).start()
    vm.wait_shell()
    vm.run("modprobe fastboot_snapshot")
    vm.run("head -c 134217728 /dev/urandom >/tmp/ballast", timeout=120)
    before = vm.run("sha256sum </tmp/ballast", timeout=120).output

    refused(vm, "image-too-large")

    assert vm.run("sha256sum </tmp/ballast", timeout=120).output == before
    checks.processors(vm)
    checks.disk_io(vm)
    vm.run("rm /tmp/ballast; echo 3 >/proc/sys/vm/drop_caches")
