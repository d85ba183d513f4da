# SPDX-License-Identifier: GPL-2.0-or-later
"""Snapshots that are refused: all reasons are reported at once, the machine keeps running.

One guest meets all obstacles, one after the other: each is set up, reported and
removed, and the same machine is saved.
"""

import errno
import re

import pytest

from harness import checks, machines, product
from harness.golden import SNAPSHOT
from harness.obstacles import Obstacle, commands, meet, next_generation, saved

# Slots of 96 MiB, so that an image can be too large.
MACHINE = machines.SMALL.changed(name="tiny-gates", area_mib=192, scratch="", share=True)


# An ext4 on the scratch partition, with a file that contains an ext4, too.
FILE_SYSTEM = (
    "mke2fs /dev/vda3 >/dev/null 2>&1 && mount -t ext4 /dev/vda3 /mnt",
    "dd if=/dev/zero of=/mnt/loop bs=1M count=4 2>/dev/null && mke2fs -F /mnt/loop >/dev/null 2>&1",
    "umount /mnt")


@pytest.fixture(scope="module")
def vm(module_lab):
    vm = module_lab.fresh(MACHINE).start()
    vm.wait_shell()
    commands(vm, FILE_SYSTEM)
    vm.run("mkdir -p /mnt2 && modprobe -a fastboot_snapshot loop zram md_mod raid1")
    vm.run("mount -t cgroup2 none /sys/fs/cgroup && cd /sys/fs/cgroup"
           " && echo +memory >cgroup.subtree_control; cd")
    vm.run("mount -t securityfs none /sys/kernel/security")
    vm.run("rmmod 9pnet_virtio")  # loaded at boot for the machine's share
    checks.start_counter(vm)
    return vm


def background(commands):
    """A process in its own mount namespace; it is ready when /tmp/ready exists."""
    return (f"rm -f /tmp/ready; unshare -m sh -c '{commands} && : >/tmp/ready && exec sleep 9999' "
            "</dev/null >/dev/null 2>&1 & echo $! >/tmp/background.pid",
            "until [ -e /tmp/ready ]; do sleep 0.1; done")


END_BACKGROUND = ("kill $(cat /tmp/background.pid);"
                  " while kill -0 $(cat /tmp/background.pid) 2>/dev/null; do sleep 0.1; done",)

# Writes through the page cache all the time.  The disk is kept open, because its last close
# would write back everything.
DIRTIER = ("(while :; do dd if=/dev/urandom of=/dev/vda3 bs=4k count=2048 conv=notrunc;"
           " done) 9<>/dev/vda3 </dev/null >/dev/null 2>&1 & echo $! >/tmp/background.pid",
           "until grep -q '^Dirty: *[1-9]' /proc/meminfo; do :; done")

# A tmpfs file of 24 MiB, and a control group that must give up some of it.
SWAPPED_OUT = (
    "mkswap /dev/vda3 >/dev/null && swapon /dev/vda3",
    "mkdir /sys/fs/cgroup/swapped",
    "sh -c 'echo $$ >/sys/fs/cgroup/swapped/cgroup.procs;"
    " head -c 25165824 /dev/urandom >/tmp/cold'",
    "echo 16M >/sys/fs/cgroup/swapped/memory.reclaim || :",
    "awk '$1 == \"/dev/vda3\" && $4 > 1024 { found = 1 } END { exit !found }' /proc/swaps")
SWAPPED_IN = ("swapoff /dev/vda3 && rm /tmp/cold",
              "rmdir /sys/fs/cgroup/swapped", *FILE_SYSTEM)

def ballast(directory, mib):
    return f"dd if=/dev/zero of={directory}/ballast bs=1M count={mib} 2>/dev/null"


# The MiB that the gate counts: neither free nor droppable.  They include the processors' own lists
# of free pages, which grow by themselves since 6.7.
USED = ("$(awk '/^MemTotal/ { all = $2 } /^(MemFree|Active.file|Inactive.file|SReclaimable)/"
        " { other += $2 } END { print int((all - other) / 1024) }' /proc/meminfo)")


def fill(directory, mib):
    """A command that fills a file until so many MiB are used."""
    return (f"dd if=/dev/zero of={directory}/ballast bs=1M count=$(({mib} - {USED})) 2>/dev/null")


def believe(*words):
    return (f"rm -f /tmp/ready; believe {' '.join(words)} </dev/null >/tmp/ready 2>&1 &"
            " echo $! >/tmp/background.pid", "until grep -q ready /tmp/ready; do sleep 0.1; done")


NETWORK_OK = "/sys/module/fastboot_snapshot/parameters/network_ok"
HOST_SHARE = "mount -t 9p -o trans=virtio,version=9p2000.L,ro share /mnt"

MD = "/sys/block/md0/md"
RAID1 = (
    "echo md0 >/sys/module/md_mod/parameters/new_array",
    f"echo raid1 >{MD}/level && echo 1 >{MD}/raid_disks",
    f"cat /sys/class/block/vda3/dev >{MD}/new_dev && echo 32000 >{MD}/component_size",
    f"echo 0 >{MD}/dev-vda3/slot && echo active >{MD}/array_state",
    "mke2fs /dev/md0 >/dev/null 2>&1 && mount -t ext4 -o ro /dev/md0 /mnt")
RAID1_AWAY = ("umount /mnt", f"echo inactive >{MD}/array_state; echo clear >{MD}/array_state",
              *FILE_SYSTEM)

# A target on the same machine, with a file in memory as its disk.
NVMET = "/sys/kernel/config/nvmet"
NVME_OF = (
    "modprobe -a nvmet nvme_loop && mount -t configfs none /sys/kernel/config",
    "dd if=/dev/zero of=/tmp/remote bs=1M count=4 2>/dev/null",
    f"mkdir {NVMET}/subsystems/far && echo 1 >{NVMET}/subsystems/far/attr_allow_any_host",
    f"cd {NVMET}/subsystems/far/namespaces && mkdir 1 && echo /tmp/remote >1/device_path"
    " && echo 1 >1/buffered_io && echo 1 >1/enable; cd",
    f"mkdir {NVMET}/ports/1 && echo loop >{NVMET}/ports/1/addr_trtype"
    f" && ln -s {NVMET}/subsystems/far {NVMET}/ports/1/subsystems/far",
    "echo transport=loop,nqn=far >/dev/nvme-fabrics",
    "until ls /sys/block | grep -q nvme; do sleep 0.1; done")
NVME_OF_AWAY = (
    "for c in /sys/class/nvme/*; do echo 1 >$c/delete_controller; done",
    f"rm {NVMET}/ports/1/subsystems/far && rmdir {NVMET}/ports/1"
    f" && echo 0 >{NVMET}/subsystems/far/namespaces/1/enable"
    f" && rmdir {NVMET}/subsystems/far/namespaces/1 {NVMET}/subsystems/far",
    "rm /tmp/remote && umount /sys/kernel/config && rmmod nvme_loop nvmet nvme_fabrics")

OBSTACLES = [
    Obstacle("ext4", ("fs-writable",), errno.EBUSY, "vda3",
             ("mount -t ext4 /dev/vda3 /mnt",),
             ("umount /mnt",)),
    Obstacle("namespace", ("fs-writable",), errno.EBUSY, "vda3",
             background("mount -t ext4 /dev/vda3 /mnt"),
             END_BACKGROUND),
    Obstacle("loop-on-disk", ("fs-writable", "fs-unprovable"), errno.EBUSY, "vda3",
             ("losetup /dev/loop0 /dev/vda3", "mount -t ext4 /dev/loop0 /mnt"),
             ("umount /mnt", "losetup -d /dev/loop0")),
    Obstacle("loop-on-writable", ("fs-writable",), errno.EBUSY, "vda3",
             ("mount -t ext4 /dev/vda3 /mnt", "losetup -r /dev/loop0 /mnt/loop",
              "mount -t ext4 -o ro /dev/loop0 /mnt2"),
             ("umount /mnt2", "losetup -d /dev/loop0", "umount /mnt")),
    Obstacle("vfat", ("fs-unprovable",), errno.EBUSY, "vda1",
             ("mount -t vfat -o ro /dev/vda1 /mnt",),
             ("umount /mnt",)),
    # An array without superblocks of its own.
    Obstacle("raid", ("fs-unprovable", "stack-unprovable"), errno.EBUSY, "md0", RAID1,
             RAID1_AWAY),
    Obstacle("raid-unmounted", ("stack-unprovable",), errno.EBUSY,
             "md0, on vda3: metadata_version is none", RAID1[:-1], RAID1_AWAY[1:]),
    # It is plugged into nothing, and neither device mapper's nor md's.
    Obstacle("of-other-devices", ("stack-active",), errno.EBUSY, "nullb0",
             ("modprobe null_blk gb=1",), ("rmmod null_blk",)),
    Obstacle("remote", ("disk-remote",), errno.EBUSY, "by NVMe over Fabrics", NVME_OF,
             NVME_OF_AWAY),
    Obstacle("opened", ("device-open",), errno.EBUSY, "vda3: open for writing by believe[",
             believe("write", "/dev/vda3"), END_BACKGROUND),
    Obstacle("opened-disk", ("device-open",), errno.EBUSY, "vda: open for writing by believe[",
             believe("write", "/dev/vda"), END_BACKGROUND),
    Obstacle("mapped", ("device-open",), errno.EBUSY, "vda3: mapped for writing",
             believe("map-write", "/dev/vda3"), END_BACKGROUND),
    Obstacle("share", ("fs-share", "driver-cannot-sleep"), errno.EBUSY, "9p",
             ("modprobe 9pnet_virtio", HOST_SHARE),
             ("umount /mnt", "rmmod 9pnet_virtio")),
    Obstacle("share-unmounted", ("driver-cannot-sleep",), errno.EBUSY, "9pnet_virtio, of 0000:",
             ("modprobe 9pnet_virtio",), ("rmmod 9pnet_virtio",)),
    Obstacle("network", ("fs-network",), errno.EBUSY, "/mnt: fuse.sshfs, writable",
             believe("fuse", "sshfs", "/mnt"), ("umount /mnt", *END_BACKGROUND)),
    # Mounted at two places, which network_ok never permits.  The parent directory is bound,
    # because no program answers for the mount itself.
    Obstacle("network-twice", ("fs-network",), errno.EBUSY, "/a/share: fuse.sshfs, writable",
             (f"echo /a/share,/b/share >{NETWORK_OK}", "mkdir -p /a/share /b",
              *believe("fuse", "sshfs", "/a/share"), "mount -o rbind /a /b"),
             ("umount -l /b && umount /a/share", *END_BACKGROUND, f"echo >{NETWORK_OK}")),
    Obstacle("dirty", ("dirty-blocks", "device-open"), errno.EBUSY, "vda3", DIRTIER,
             END_BACKGROUND + ("while pidof dd >/dev/null; do sleep 0.1; done", *FILE_SYSTEM)),
    # zram's backing disk is in no list of mounts or swaps.
    Obstacle("claimed", ("device-held",), errno.EBUSY, "vda3: claimed by believe[",
             believe("claim", "/dev/vda3"), END_BACKGROUND),
    Obstacle("held", ("device-held",), errno.EBUSY, "vda3: claimed, by no program",
             ("echo /dev/vda3 >/sys/block/zram0/backing_dev",),
             ("echo 1 >/sys/block/zram0/reset",)),
    Obstacle("swapped-out", ("swap-in-use",), errno.EBUSY, "vda3", SWAPPED_OUT, SWAPPED_IN),
    Obstacle("own-swap", ("swap-in-use", "target-open"), errno.EBUSY, "vda2",
             ("swapon /dev/vda2",), ("swapoff /dev/vda2",)),
    Obstacle("swap-overlap", ("swap-overlap",), errno.EBUSY, "vda2",
             ("mkswap /dev/vda2 >/dev/null",),
             ("mkswap /dev/vda2 40 >/dev/null",)),
    Obstacle("too-large", ("image-too-large",), errno.ENOSPC, "MiB",
             (fill("/tmp", 208),), ("rm /tmp/ballast",)),
    Obstacle("half-of-ram", ("half-of-ram", "image-too-large"), errno.ENOMEM, "MiB",
             (ballast("/tmp", 140), ballast("/run", 110)),
             ("rm /tmp/ballast /run/ballast",)),
    Obstacle("another-device", ("capture",), errno.ENODEV, "/dev/snapshot is not the kernel's",
             ("mount --bind /dev/null /dev/snapshot",), ("umount /dev/snapshot",)),
    # Beside a golden image it cannot be opened: test_hibernation_beside_a_golden_image.
    Obstacle("busy", ("busy",), errno.EBUSY, "/dev/snapshot",
             (f"echo invalidate >{SNAPSHOT}", "exec 6</dev/snapshot"), ("exec 6<&-",)),
]


@pytest.mark.parametrize("obstacle", [pytest.param(row, id=row.name) for row in OBSTACLES])
def test_obstacle(vm, obstacle):
    meet(vm, obstacle)


def test_all_at_once(vm):
    """One attempt reports three obstacles of three kinds; later ones report those that are left."""
    rows = {row.name: row for row in OBSTACLES}
    first, second, third = (rows[name] for name in ("namespace", "own-swap", "vfat"))
    for row in (first, second, third):
        commands(vm, row.obstruct)
    try:
        refusal = checks.refused(vm, [*first.codes, *second.codes, *third.codes], errno.EBUSY)
        for row in (first, second, third):
            assert row.detail in refusal[row.codes[0]]
        commands(vm, second.mend)
        checks.refused(vm, [*first.codes, *third.codes], errno.EBUSY)
        commands(vm, first.mend)
        checks.refused(vm, third.codes, errno.EBUSY)
    finally:
        commands(vm, third.mend)
    saved(vm)


HARMLESS = [
    pytest.param(("mount -t ext4 -o ro /dev/vda3 /mnt",), ("umount /mnt",), id="ext4-read-only"),
    pytest.param(("mount -t ext4 -o ro /dev/vda3 /mnt", "losetup -r /dev/loop0 /mnt/loop",
                  "mount -t ext4 -o ro /dev/loop0 /mnt2"),
                 ("umount /mnt2", "losetup -d /dev/loop0", "umount /mnt"),
                 id="loop-on-ext4-read-only"),
    pytest.param(("dd if=/dev/zero of=/tmp/loop bs=1M count=4 2>/dev/null"
                  " && mke2fs -F /tmp/loop >/dev/null 2>&1",
                  "losetup /dev/loop0 /tmp/loop", "mount -t ext4 /dev/loop0 /mnt"),
                 ("umount /mnt", "losetup -d /dev/loop0", "rm /tmp/loop"),
                 id="loop-on-tmpfs"),
    pytest.param(("modprobe brd rd_nr=1 rd_size=8192 && mke2fs /dev/ram0 >/dev/null 2>&1",
                  "mount -t ext4 /dev/ram0 /mnt"),
                 ("umount /mnt", "rmmod brd"), id="brd"),
    pytest.param(believe("read", "/dev/vda3"), END_BACKGROUND, id="read-by-a-program"),
    pytest.param(("dd if=/dev/zero of=/tmp/loop bs=1M count=4 2>/dev/null",
                  "losetup /dev/loop0 /tmp/loop", *believe("write", "/dev/loop0")),
                 (*END_BACKGROUND, "losetup -d /dev/loop0", "rm /tmp/loop"),
                 id="written-in-memory"),
    pytest.param(believe("fuse", "portal", "/mnt"), ("umount /mnt", *END_BACKGROUND),
                 id="fuse-of-a-program"),
    pytest.param((f"echo /elsewhere,/mnt >{NETWORK_OK}", *believe("fuse", "sshfs", "/mnt")),
                 ("umount /mnt", *END_BACKGROUND, f"echo >{NETWORK_OK}"),
                 id="network-permitted"),
    pytest.param(("echo 8M >/sys/block/zram0/disksize",
                  "mke2fs -b 4096 /dev/zram0 >/dev/null 2>&1", "mount -t ext4 /dev/zram0 /mnt"),
                 ("umount /mnt", "echo 1 >/sys/block/zram0/reset"), id="zram"),
]


@pytest.mark.parametrize("set_up, remove", HARMLESS)
def test_harmless(vm, set_up, remove):
    """What is in memory, or cannot be written, is no obstacle."""
    commands(vm, set_up)
    try:
        saved(vm)
    finally:
        commands(vm, remove)


def test_slot_full(vm):
    """The image turns out too large while it is written; the other image stays good."""
    saved(vm)
    good = newest_slot(vm)
    # The estimate is that half of this and of the 50 to 110 MiB in use fits.  It does not: random
    # bytes cannot be compressed.
    vm.run("dd if=/dev/urandom of=/tmp/ballast bs=1M count=80 2>/dev/null")
    try:
        before = vm.run("sha256sum </tmp/ballast").output
        checks.refused(vm, ["slot-full"], errno.ENOSPC)
        product.verify(vm, good)
        assert vm.run("sha256sum </tmp/ballast").output == before
    finally:
        vm.run("rm /tmp/ballast")
    saved(vm)
    assert newest_slot(vm) != good
    product.verify(vm, good)


def newest_slot(vm):
    slots = product.status(vm)["slots"]
    return max(slots, key=lambda letter: slots[letter].get("generation", 0))


@pytest.mark.parametrize("command", [
    "nonsense", "goldenx", "test:nonsense", "test:gates nonsense", "invalidate c",
    pytest.param("golden " + "x" * 128, id="description of 128 bytes")])
def test_unknown_command(vm, command):
    checks.refused(vm, ["mode-unknown"], errno.EINVAL, command)


def test_two_at_once(vm):
    """The second command is refused, and the first is not disturbed."""
    generation = next_generation(vm)
    # The second command starts while the first runs, and is repeated until that has ended.
    vm.run(f"(: >/tmp/begun; echo golden >{SNAPSHOT}; echo $? >/tmp/first)"
           " </dev/null >/dev/null 2>&1 &"
           " while [ ! -e /tmp/begun ]; do :; done; sleep 0.02;"
           " while [ ! -s /tmp/first ]; do"
           f" echo nonsense >{SNAPSHOT}; done 2>/tmp/second; :", timeout=60)
    assert vm.run("cat /tmp/first").output == "0"
    assert "Device or resource busy" in vm.run("cat /tmp/second").output
    assert vm.state() == f"saved generation={generation}"
    checks.nothing_held(vm)
    saved(vm)


def test_hibernation_beside_a_golden_image(vm):
    """The next boot would restore the golden image, and only a later one the hibernated system."""
    saved(vm)
    hibernation = vm.run("dmesg -c >/dev/null; echo disk >/sys/power/state", check=False)
    assert hibernation.status != 0 and "Device or resource busy" in hibernation.output
    assert "fastboot: hibernation refused" in vm.run("dmesg").output
    assert vm.run("(: </dev/snapshot)", check=False).status != 0
    vm.run(f"echo invalidate >{SNAPSHOT}")
    vm.run("(: </dev/snapshot)")
    saved(vm)
    saved(vm)  # both slots hold an image again


def test_machine_is_unharmed(vm):
    """After all of the above."""
    checks.processors(vm)
    checks.disk_io(vm)
    checks.clock(vm)
    for slot in "ab":
        product.verify(vm, slot)


# Obstacles that only a reboot removes come last.

def taints(refusal):
    return re.findall(r"^([A-Z])\b", refusal["kernel-tainted"], re.MULTILINE)


def test_warning(vm):
    """A kernel that has printed a warning is not known to be good."""
    vm.run("echo 512 >/proc/sys/kernel/tainted")
    assert taints(checks.refused(vm, ["kernel-tainted"], errno.EPERM)) == ["W"]


def test_lockdown_and_soft_lockup(vm):
    vm.run("echo $((512 + 16384)) >/proc/sys/kernel/tainted")
    vm.run("echo integrity >/sys/kernel/security/lockdown")
    refusal = checks.refused(vm, ["kernel-tainted", "no-seal-key"], errno.EPERM)
    assert taints(refusal) == ["W", "L"]
    assert "remove lockdown= from the kernel's command line" in refusal["no-seal-key"]
    assert "the loader left no key page" in refusal["no-seal-key"]
    assert product.attribute(vm, "seal") == "no-key"
    checks.processors(vm)
    checks.disk_io(vm)


def test_without_runtime_services(lab):
    """The default of a real-time kernel: the module and the tool name what is missing."""
    vm = lab.with_module(machines.SMALL.changed(name="tiny-noruntime", cmdline="efi=noruntime"))
    checks.refused(vm, ["efi-runtime-off"], errno.EOPNOTSUPP)
    answer = vm.run("fastbootctl next --dry-run", check=False)
    assert answer.status == 1
    assert "efi-runtime-off" in answer.output and "efi=runtime" in answer.output


@pytest.mark.full
def test_nohibernate(lab):
    vm = lab.with_module(MACHINE.changed(name="tiny-nohibernate", cmdline="nohibernate",
                                         share=False))
    refusal = checks.refused(vm, ["hibernation-off"], errno.EPERM)
    assert "nohibernate" in refusal["hibernation-off"]
