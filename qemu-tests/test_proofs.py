# SPDX-License-Identifier: GPL-2.0-or-later
"""Restores only onto the same machine and the same disks: changes are noticed.

A rescue system reads copies of a golden disk and changes each in one respect, like a user
who does not know of the image.
"""

import pytest

from harness import checks, disk, machines

WRITABLE = ("ext4", "xfs", "btrfs", "f2fs")
READ_ONLY = ("squashfs", "erofs")
KINDS = WRITABLE + READ_ONLY

MACHINE = machines.SMALL.changed(
    name="tiny-file-systems", file_systems=KINDS, second_disk=True, initrd="initrd-fs")
# A tool, not a machine under test.  One processor: with two, and this many disks, its stock kernel
# hangs in some boots under QEMU 10.0.2 (docs/testing.md).
RESCUE = machines.SMALL.changed(name="tiny-rescue", area_mib=16, initrd="initrd-fs", cpus=1)

DIGESTS = "echo 3 >/proc/sys/vm/drop_caches; sha256sum /fs/*/[fu]*"
SECOND = "/dev/sda1"


def number(name):
    return disk.partition_number(MACHINE, name)


def use_and_mount(vm):
    """Use all file systems except the second disk's, then mount them all read-only."""
    for kind in KINDS:
        mount = f"mount -t {kind} {vm.machine.partition(number(kind))} /fs/{kind}"
        vm.run(f"mkdir -p /fs/{kind}")
        if kind in WRITABLE:
            vm.run(f"{mount} && echo used >/fs/{kind}/used && umount /fs/{kind}")
        vm.run(f"{mount} -o ro")
    vm.run(f"mkdir /fs/second && mount -t ext4 -o ro {SECOND} /fs/second")
    return {"files": vm.run(DIGESTS).output, **checks.leave_traces(vm)}


@pytest.fixture(scope="module")
def golden(goldens):
    return goldens(MACHINE, use_and_mount)


# Commands of the rescue system; {} is the disk.

def looks(kind):
    # xfs writes its log even if it is mounted read-only, except with norecovery.
    options = "ro,norecovery" if kind == "xfs" else "ro"
    return f"mount -t {kind} -o {options} {{}}{number(kind)} /mnt && cat /mnt/file && umount /mnt"


def writes(kind):
    return (f"mount -t {kind} {{}}{number(kind)} /mnt && echo rescued >/mnt/rescued && sync"
            " && umount /mnt")


# Swaps out a file in memory, which belongs to a control group that must give it up.
SWAP_OVER = (
    "mkswap {}2 && swapon {}2",
    "mkdir /cgroup && mount -t cgroup2 none /cgroup",
    "echo +memory >/cgroup/cgroup.subtree_control && mkdir /cgroup/swapped",
    "sh -c 'echo $$ >/cgroup/swapped/cgroup.procs; head -c 8388608 /dev/urandom >/tmp/cold'",
    "echo 8M >/cgroup/swapped/memory.reclaim || :",
    "awk '$1 == \"{}2\" && $4 > 4096 {{ found = 1 }} END {{ exit !found }}' /proc/swaps")

# btrfs takes two disks with the same file system for one, and the greater generation counts: so
# the disk that is only read comes first.
RESCUES = {
    "looked-at": (*(looks(kind) for kind in KINDS), "swapon {}2 && swapoff {}2"),
    **{kind: (writes(kind),) for kind in WRITABLE},
    "xfs-log": (f"mount -t xfs -o ro {{}}{number('xfs')} /mnt && umount /mnt",),
    "mkswap": ("mkswap {}2",),
    "swapped-over": SWAP_OVER,
}


@pytest.fixture(scope="module")
def rescued_disks(module_lab, golden):
    """{name: a VM, never started, after the rescue system has run the commands on its disk}."""
    vms = {name: module_lab.copy(golden) for name in RESCUES}
    rescue = module_lab.fresh(RESCUE)
    rescue.drives = [vm.disk for vm in vms.values()]
    rescue.start().wait_shell()
    for index, commands in enumerate(RESCUES.values()):
        for command in commands:
            rescue.run(command.format(*[f"/dev/vd{chr(ord('b') + index)}"] * 2))
    rescue.power_off()
    return vms


@pytest.fixture
def rescued(lab, golden, rescued_disks):
    """A function of a name: the started machine whose disk the rescue system has handled so."""
    return lambda name: lab.at_entry(golden, after=rescued_disks[name]).start()


def test_looked_at(rescued, golden):
    """Read-only mounts elsewhere and a swap area in use are no reason to refuse."""
    vm = rescued("looked-at")
    assert checks.outcome(vm, golden.facts) == "restored"
    checks.restored_state(vm)
    assert vm.run(DIGESTS).output == golden.facts["files"]
    checks.whole_machine(vm, "LookedAt")


@pytest.mark.parametrize("kind", WRITABLE)
def test_written(rescued, golden, kind):
    """Mounted elsewhere, written, and cleanly unmounted."""
    vm = rescued(kind)
    checks.partition_blamed(vm, golden.facts, "fs-changed", kind)


def test_xfs_mounted_read_only(rescued, golden):
    """No file has changed, but the log on the disk is no longer the one the saved kernel knows."""
    vm = rescued("xfs-log")
    checks.partition_blamed(vm, golden.facts, "fs-changed", "xfs")


@pytest.mark.parametrize("kind", READ_ONLY)
def test_replaced(lab, golden, kind):
    """A file system that cannot be written is replaced by another image."""
    vm = lab.at_entry(golden)
    image = lab.work / kind
    disk.make_file_system(kind, image, "an update")
    disk.write_partition(MACHINE, vm.disk, kind, image)
    vm.start()
    checks.partition_blamed(vm, golden.facts, "fs-changed", kind)


def test_image_partition_formatted(rescued, golden):
    vm = rescued("mkswap")
    checks.partition_blamed(vm, golden.facts, "image-partition", "area")


def test_image_swapped_over(rescued, golden):
    """Pages were swapped out to where the image was."""
    vm = rescued("swapped-over")
    assert checks.outcome(vm, golden.facts) in ("slot-magic", "image-partition")


def test_partition_renamed(lab, golden):
    """The smallest change of the partition table."""
    vm = lab.copy(golden)
    disk.edit_table(vm.disk, "--part-label", disk.SCRATCH, "renamed")
    vm.start()
    checks.partition_blamed(vm, golden.facts, "partition-table", "area")


def test_second_disk_is_gone(lab, golden):
    vm = lab.copy(golden, drives=()).start()
    result = checks.reason_everywhere(vm, "disk-missing")
    assert result["partition"] == disk.PARTUUID["second"]


def test_second_disk_is_there_twice(lab, golden):
    """With its clone present, the loader cannot know which of the two the image means."""
    vm = lab.copy(golden)
    clone = vm.disk.with_name("clone.qcow2")
    disk.make_overlay(golden.drives[0], clone)
    vm.drives.append(clone)
    vm.start()
    checks.partition_blamed(vm, golden.facts, "disk-missing", "second")
    vm.wait_firmware("fastboot:   partition .* is there twice")


# The machine.

@pytest.fixture(scope="module")
def plain(goldens):
    return goldens(machines.SMALL)


CHANGES = [
    pytest.param({"uuid": machines.OTHER_UUID}, "machine-id", id="another-machine"),
    pytest.param({"cpu": "qemu64"}, "cpu-model", id="cpu-model"),
    pytest.param({"cpu": "max,-bmi2"}, "cpu-model", id="cpu-feature"),
    pytest.param({"cpus": 3}, "cpu-count", id="cpu-count"),
    pytest.param({"devices": ("virtio-rng-pci",)}, "pci-devices", id="pci-device"),
]


@pytest.mark.parametrize("change, code", CHANGES)
def test_changed_machine(lab, plain, change, code):
    vm = lab.copy(plain, plain.machine.changed(**change)).start()
    assert checks.outcome(vm, plain.facts) == code


def test_changed_memory_and_back(lab, plain):
    """A refusal costs nothing: the same disk and variables fast-boot again."""
    changed = lab.copy(plain, plain.machine.changed(memory="1280M")).start()
    result = checks.reason_everywhere(changed, "ram-size")
    assert result["golden"] != result["today"]
    lab.note(refused_and_booted=changed.elapsed())
    changed.kill()
    vm = lab.again(changed, plain.machine).start()
    assert checks.outcome(vm, plain.facts) == "restored"
    checks.restored_state(vm)
