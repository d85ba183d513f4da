# SPDX-License-Identifier: GPL-2.0-or-later
"""Storage stacks: what is on them is proven, what cannot be proven is refused, nothing is lost.

Guests with the layouts of Debian's installer, and with arrays of two disks (harness/stacks.py).
The image of each is restored between sessions that write to what it does not know.  In a normal
boot on copies of the disks somebody looks at the stack, or changes it; then the tool judges, and
the loader.
"""

import errno
import json
import mmap

import pytest

from harness import checks, disk, machines, product, stacks
from harness.obstacles import Obstacle, meet
from harness.stacks import AREA, DATA, KEY, ROOT, SPREAD

LVM, LUKS, ARRAYS = machines.LVM, machines.LUKS, machines.ARRAYS
LUKS_SECURE = machines.LUKS_SECURE
FILE, FILE_XFS = machines.FILE, machines.FILE_XFS

# xfs writes its log even if it is mounted read-only, except with norecovery.
BOOT = "mount -t ext4 -o ro {boot} /boot"
MOUNTS = {
    "lvm": (BOOT, f"mount -t ext4 -o ro {ROOT} /fs/root",
            f"mount -t xfs -o ro,norecovery {SPREAD} /fs/spread",
            stacks.USR, "mount -t ext4 -o ro /dev/mapper/usr /fs/usr"),
    "crypto": (BOOT, f"mount -t ext4 -o ro {ROOT} /fs/root"),
    "arrays": ("mount -t ext4 -o ro /dev/md1 /fs/root",
               "mount -t btrfs -o ro {wide} /fs/spread"),
}
DIRECTORIES = "mkdir -p /boot /fs/root /fs/spread /fs/usr"
FILES = "echo 3 >/proc/sys/vm/drop_caches; cat $(ls /boot/file /fs/*/file 2>/dev/null)"


def mount(vm):
    vm.run(DIRECTORIES)
    stacks.run(vm, MOUNTS[vm.machine.stack])


def volume_key(vm):
    """The key of the LUKS volume, in hexadecimal digits."""
    text = vm.run("cryptsetup luksDump -q --dump-volume-key --key-file "
                  f"{KEY} {stacks.devices(vm.machine)['pv']}").output
    dump = text.split("MK dump:")[1]
    return "".join(dump.split())


def use(vm):
    """Mount what is proven, read-only; what data is on stays active and unmounted."""
    mount(vm)
    options = product.status(vm)["loader"]["options"]
    assert disk.area_option(vm.machine) in options or vm.machine.stack == "arrays", options
    facts = {"files": vm.run(FILES).output}
    if vm.machine.stack == "crypto":
        facts["key"] = volume_key(vm)
    if vm.machine.stack != "arrays":
        vm.run(session("zero"))
    return {**facts, **checks.leave_traces(vm)}


def session(name):
    """Commands that write files and their checksums, and unmount cleanly."""
    return (f"mount -t ext4 {DATA} /mnt && mkdir /mnt/{name} && for i in 1 2 3 4; do"
            f" head -c 300000 /dev/urandom >/mnt/{name}/f$i || break; done"
            f" && (cd /mnt/{name} && sha256sum f* >sums) && umount /mnt")


def sessions_are_there(vm, names):
    tests = " && ".join(f"(cd /mnt/{name} && sha256sum -c sums >/dev/null)" for name in names)
    vm.run(f"mount -t ext4 -o ro {DATA} /mnt && {tests} && umount /mnt")


@pytest.fixture(scope="module")
def golden(goldens):
    """A function of a row: its golden system."""
    return lambda machine: goldens(machine, use)


def each(default, full):
    return pytest.mark.parametrize("machine", [
        *default, *(pytest.param(machine, marks=pytest.mark.full) for machine in full)],
        ids=lambda machine: machine.name)


OTHER_KERNELS = [machine.changed(name=f"{machine.name}-{series}", series=series)
                 for series in ("6.1", "newest") for machine in (LVM, LUKS, ARRAYS)]


@each([LUKS], [LUKS_SECURE])
def test_no_key_on_the_disk(lab, golden, machine):
    """Neither the volume's key nor its digits, which the guest had in its memory."""
    source = golden(machine)
    raw = lab.work / "disk.raw"
    lab.work.mkdir(parents=True)
    disk.export(source.disk, raw)
    key = bytes.fromhex(source.facts["key"])
    assert len(key) == 64
    with open(raw, "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as octets:
        for secret in (key, key[:32], key[32:], key.hex().encode()):
            assert octets.find(secret) < 0
        assert octets.find(b"LUKS\xba\xbe") >= 0


# What is done to the stack in a normal boot.  {name} is the device of a partition.

LOOKS = {
    "lvm": (
        "pvs && vgs && lvs && vgck vg && lvs -a -o +devices", "e2fsck -n {boot}",
        f"e2fsck -fn {ROOT}", f"tune2fs -l {ROOT}", f"mount -o ro {ROOT} /mnt && umount /mnt",
        f"mount -t xfs -o ro,norecovery {SPREAD} /mnt && umount /mnt",
        "vgchange -an vg && vgchange -ay vg", "lvchange -an vg/data && lvchange -ay vg/data",
        "lvchange --refresh vg/root", f"swapon {AREA} && swapoff {AREA}"),
    "crypto": (
        "cryptsetup luksDump {pv}", "rm -f /tmp/backup && cryptsetup luksHeaderBackup"
        " --header-backup-file /tmp/backup {pv}", "vgchange -an vg && cryptsetup close pv_crypt"
        f" && cryptsetup open --key-file {KEY} {{pv}} pv_crypt && vgchange -ay vg",
        "pvs && vgck vg", f"e2fsck -fn {ROOT}", f"mount -o ro {ROOT} /mnt && umount /mnt",
        f"swapon {AREA} && swapoff {AREA}"),
    "arrays": (
        "mdadm --examine {leg-a} {leg-c} && mdadm --detail /dev/md1",
        "e2fsck -fn /dev/md1 && mount -o ro /dev/md1 /mnt && umount /mnt",
        "mdadm --stop /dev/md1 && mdadm --assemble --run /dev/md1 {leg-a} && mdadm --stop /dev/md1",
        "mdadm --assemble /dev/md1 {leg-a} {leg-c}",
        "btrfs filesystem show && mount -t btrfs -o ro {wide} /mnt && umount /mnt"),
}


def written(device, kind="ext4", options="rw"):
    return (f"mount -t {kind} -o {options} {device} /mnt && echo rescued >/mnt/rescued && sync"
            " && umount /mnt")


def alone(leg):
    """A leg of RAID 1, mounted and written as if it were a disk of its own."""
    start = "$(mdadm --examine {leg} | sed -n 's/.*Data Offset : \\([0-9]*\\) .*/\\1/p')"
    return ("mdadm --stop /dev/md1 && modprobe loop && losetup -o $((512 * "
            f"{start.replace('{leg}', leg)})) /dev/loop7 {leg}"
            f" && {written('/dev/loop7')} && losetup -d /dev/loop7")


# (stack, what, code, commands)
CHANGES = [
    ("lvm", "root-written", "fs-changed", (written(ROOT),)),
    ("lvm", "boot-written", "fs-changed", (written("{boot}"),)),
    ("lvm", "xfs-read-only", "fs-changed",
     (f"mount -t xfs -o ro {SPREAD} /mnt && umount /mnt",)),
    ("lvm", "checked", "fs-changed", (f"e2fsck -f -y {ROOT} >/dev/null || [ $? = 1 ]",)),
    ("lvm", "hash-tree", "fs-changed",
     ("dd if=/dev/urandom of=/dev/vg/hash bs=4k seek=1 count=1 conv=fsync 2>/dev/null",)),
    ("lvm", "extended", "lvm-changed", ("lvextend -L +4M vg/root",)),
    ("lvm", "snapshot", "lvm-changed", ("lvcreate -y -s -L 8M -n snap vg/data",)),
    ("lvm", "removed", "lvm-changed", ("lvremove -y vg/data",)),
    ("lvm", "created", "lvm-changed", ("lvcreate -y -L 4M -n new vg",)),
    ("lvm", "renamed", "lvm-changed", ("lvrename vg/data vg/mail",)),
    ("lvm", "tagged", "lvm-changed", ("vgchange --addtag x vg",)),
    ("lvm", "moved", "lvm-changed", ("pvmove --alloc anywhere -n data {pv} {pv}:210-223",)),
    ("lvm", "resized", "lvm-changed", ("pvresize {pv}",)),
    ("crypto", "root-written", "fs-changed", (written(ROOT),)),
    ("crypto", "extended", "lvm-changed", ("lvextend -L +4M vg/root",)),
    ("crypto", "key-added", "luks-changed",
     ("printf other >/tmp/other && cryptsetup luksAddKey --pbkdf pbkdf2"
      f" --pbkdf-force-iterations 1000 --key-file {KEY} {{pv}} /tmp/other",)),
    ("crypto", "slot-killed", "luks-changed",
     ("cryptsetup luksKillSlot -q {pv} 0",)),
    ("crypto", "labelled", "luks-changed", ("cryptsetup config --label x {pv}",)),
    ("arrays", "written", "md-changed", (written("/dev/md1"),)),
    ("arrays", "failed", "md-changed",
     ("mdadm /dev/md1 --fail {leg-c} && mdadm /dev/md1 --remove {leg-c}",)),
    ("arrays", "degraded", "md-changed",
     ("mdadm --stop /dev/md1 && mdadm --assemble --run /dev/md1 {leg-a}", written("/dev/md1"))),
    ("arrays", "leg-alone", "fs-changed", (alone("{leg-c}"),)),
    ("arrays", "btrfs-written", "fs-changed", (written("{wide}", "btrfs"),)),
    ("arrays", "btrfs-degraded", "fs-changed",
     ("btrfs device scan --forget && btrfs device scan {wide} >/dev/null",
      written("{wide}", "btrfs", "degraded"))),
]
ROWS = {"lvm": LVM, "crypto": LUKS, "arrays": ARRAYS}


def verdict(vm):
    """The tool's: the code of the first proof that does not hold, or None."""
    result = product.fastbootctl(vm, "verify", "--slot", "a", "--json 2>/dev/null", check=False)
    answer = json.loads(result.output)
    assert answer["slots"][0]["good"] is True, answer
    return answer.get("error", {}).get("code")


def full_but(*names):
    """Parameters of test_changed, all but these in the full matrix."""
    for stack, what, code, commands in CHANGES:
        name = f"{stack}-{what}"
        yield pytest.param(ROWS[stack], code, commands, id=name,
                           marks=() if name in names else pytest.mark.full)


# One image, many sessions.

def looked_at(lab, source, vm, names):
    """A kernel that knows nothing of the image finds all files, and looks at the whole stack."""
    vm = lab.normal(source, after=vm)
    stacks.activate(vm)
    if names:
        vm.run(f"e2fsck -fn {DATA}")
        sessions_are_there(vm, names)
    stacks.run(vm, LOOKS[vm.machine.stack])
    assert verdict(vm) is None
    vm.power_off()
    return vm


@each([LVM, LUKS], [LUKS_SECURE, ARRAYS, *OTHER_KERNELS])
def test_three_sessions(lab, golden, machine):
    """Each session writes to a volume of the same group, which the image does not know.

    Looks in a normal boot between at what the image does know are harmless.
    """
    source, vm = golden(machine), None
    names = [] if machine.stack == "arrays" else ["zero"]
    for number, name in enumerate(("one", "two", "three"), 1):
        vm = lab.at_entry(source, after=vm).start()
        assert checks.outcome(vm, source.facts) == "restored"
        checks.restored_state(vm, restores=number)
        assert vm.run(FILES).output == source.facts["files"]
        if names:
            sessions_are_there(vm, names)
            vm.run(session(name))
            names.append(name)
        vm.power_off()
        if number > 1:
            vm = looked_at(lab, source, vm, names)


@pytest.mark.parametrize("machine, code, commands", full_but(
    "lvm-extended", "lvm-root-written", "crypto-key-added"))
def test_changed(lab, golden, machine, code, commands):
    """The tool in the session, and the loader at the next start, give the same reason."""
    source = golden(machine)
    vm = lab.normal(source)
    stacks.activate(vm)
    stacks.run(vm, commands)
    assert verdict(vm) == code
    vm.power_off()
    vm = lab.at_entry(source, after=vm).start()
    assert checks.outcome(vm, source.facts) == code


# The loader's answer to changes that no command makes.

@pytest.mark.full
def test_a_disk_is_missing(lab, golden):
    source = golden(ARRAYS)
    vm = lab.copy(source, drives=()).start()
    assert checks.outcome(vm, source.facts) == "disk-missing"


@pytest.mark.full
def test_clone_of_the_physical_volume(lab, golden):
    """Two disks with the same partitions: which of them does the image mean?"""
    source = golden(LVM)
    vm = lab.copy(source)
    clone = vm.disk.with_name("clone.qcow2")
    disk.make_overlay(source.disk, clone)
    vm.drives = [clone]
    vm.start()
    assert checks.outcome(vm, source.facts) == "disk-missing"
    vm.wait_firmware("fastboot:   partition .* is there twice")


# Obstacles of a snapshot.

SPARE = "lvcreate -qq -y -n spare -L 16M vg"
SPARE_AWAY = "lvremove -qq -y vg/spare"
UNPROVABLE = ("stack-unprovable",)

ON_LVM = [
    Obstacle("thin", UNPROVABLE, errno.EBUSY, "thin",
             ("lvcreate -qq -y --type thin-pool -L 16M -n pool vg && lvcreate -qq -y -V 32M"
              " --thinpool pool -n thin vg",), ("lvremove -qq -y vg/pool",)),
    Obstacle("snapshot", UNPROVABLE, errno.EBUSY, "snapshot",
             ("lvcreate -qq -y -s -L 8M -n snap vg/data",), ("lvremove -qq -y vg/snap",)),
    Obstacle("cache", UNPROVABLE, errno.EBUSY, "cache",
             (SPARE, "lvcreate -qq -y -n fast -L 12M vg",
              "lvconvert -qq -y --type cache --cachevol fast vg/spare"), (SPARE_AWAY,)),
    Obstacle("dm-raid", UNPROVABLE, errno.EBUSY, "raid",
             ("lvcreate -qq -y --type raid1 -m 1 -L 8M --nosync --alloc anywhere -n mirror vg",),
             ("lvremove -qq -y vg/mirror",)),
    Obstacle("multipath", UNPROVABLE, errno.EBUSY, "multipath",
             (SPARE, "modprobe -a dm_multipath dm_round_robin",
              "dmsetup create paths --table \"0 32768 multipath 2 queue_mode bio 0 1 1 round-robin"
              " 0 1 1 $(dmsetup info -c --noheadings -o major,minor --separator : vg-spare) 1\""),
             ("dmsetup remove paths", SPARE_AWAY)),
    Obstacle("plain-crypt", ("crypt-clear",), errno.EPERM, "plain",
             (SPARE, "printf x | cryptsetup open --type plain --cipher aes-xts-plain64"
              " --key-size 256 /dev/vg/spare plain"), ("cryptsetup close plain", SPARE_AWAY)),
    Obstacle("own-swap", ("swap-in-use", "target-open"), errno.EBUSY, "",
             (f"swapon {AREA}",), (f"swapoff {AREA}",)),
    Obstacle("root-written", ("fs-writable",), errno.EBUSY, "vg-root on vda3",
             ("mount -o remount,rw /fs/root",), ("mount -o remount,ro /fs/root",)),
    # The area's header is no longer at the end.
    Obstacle("area-extended", ("area-missing",), errno.ENODEV, "",
             ("lvextend -qq -L +4M vg/swap_1",),
             (f"lvreduce -qq -f -L {stacks.AREA_MIB}M vg/swap_1",)),
    Obstacle("area-moved", ("area-moved",), errno.EBUSY, "",
             ("pvmove -qq --alloc anywhere -n swap_1 /dev/vda3:0-9 /dev/vda3:210-219",),
             ("pvmove -qq --alloc anywhere -n swap_1 /dev/vda3:210-219 /dev/vda3:0-9",)),
]

MD = "/sys/block/md5/md"
MDADM = "mdadm --quiet --create --run --metadata=1.2 /dev/md5"
STOP = "mdadm --quiet --stop /dev/md5 && mdadm --quiet --zero-superblock"
ON_ARRAYS = [
    Obstacle("syncing", UNPROVABLE, errno.EBUSY, "md5",
             ("for end in min max; do echo 1 >/proc/sys/dev/raid/speed_limit_$end; done",
              f"{MDADM} --level=1 --raid-devices=2 /dev/vda4 /dev/sda2"),
             (f"{STOP} /dev/vda4 /dev/sda2",)),
    Obstacle("degraded", UNPROVABLE, errno.EBUSY, "md5",
             (f"{MDADM} --level=1 --raid-devices=2 /dev/vda4 missing",), (f"{STOP} /dev/vda4",)),
    Obstacle("external", UNPROVABLE, errno.EBUSY, "md5",
             ("mdadm --quiet --build /dev/md5 --level=0 --raid-devices=2 /dev/vda4 /dev/sda2",),
             ("mdadm --quiet --stop /dev/md5",)),
]


def obstacles(rows, default=()):
    return pytest.mark.parametrize("obstacle", [
        pytest.param(row, id=row.name, marks=() if row.name in default else pytest.mark.full)
        for row in rows])


def in_use(lab, source):
    """A machine in a normal boot, with the stack active and in use."""
    vm = lab.normal(source)
    stacks.activate(vm)
    vm.run("modprobe fastboot_snapshot")
    mount(vm)
    checks.start_counter(vm)
    checks.saved(vm, generation=2)
    return vm


@pytest.fixture(scope="module")
def on_lvm(module_lab, golden):
    return in_use(module_lab, golden(LVM))


@pytest.fixture(scope="module")
def on_arrays(module_lab, golden):
    return in_use(module_lab, golden(ARRAYS))


@obstacles(ON_LVM, default=("thin", "area-extended"))
def test_obstacle_on_lvm(on_lvm, obstacle):
    meet(on_lvm, obstacle)


@obstacles(ON_ARRAYS)
def test_obstacle_on_arrays(on_arrays, obstacle):
    meet(on_arrays, obstacle)


# An image in a file.

FILE_KERNELS = [machine.changed(name=f"{machine.name}-{series}", series=series)
                for series in ("6.1", "newest") for machine in (FILE, FILE_XFS)]
TARGET = f"{product.ATTRIBUTES}/target"
HOME, IN_FILE = stacks.FILES, FILE.area


def name_file(path=IN_FILE):
    """A command: let the module take images into the file."""
    return f"echo {path} >{TARGET}"


def use_file(vm):
    vm.run(name_file())
    status = product.status(vm)
    assert status["images"]["place"] in status["loader"]["options"].split()
    return {**checks.leave_traces(vm), "files": vm.run(FILES).output}


@pytest.fixture(scope="module")
def golden_file(goldens):
    return lambda machine: goldens(machine, use_file)


def mount_writable(vm):
    """xfs that is mounted with norecovery cannot be remounted."""
    kind = vm.machine.stack.removeprefix("file-")
    stacks.run(vm, (f"umount {HOME} && mount -t {kind} {{files}} {HOME}",))


@each([FILE], [FILE_XFS, *FILE_KERNELS])
def test_image_in_a_file(lab, golden_file, machine):
    """Restored twice, erased by the module; then the file is as free as it was."""
    source, vm = golden_file(machine), None
    for number in (1, 2):
        vm = lab.at_entry(source, after=vm).start()
        assert checks.outcome(vm, source.facts) == "restored"
        checks.restored_state(vm, restores=number)
        checks.nothing_held(vm)
        assert vm.run(FILES).output == source.facts["files"]
        # Without a path, as the services do: the tool looks where the module does.
        vm.run("fastbootctl mark-good")
        vm.power_off()
    vm = lab.normal(source, after=vm)
    stacks.activate(vm)
    assert verdict(vm) is None
    mount_writable(vm)
    vm.run(f"modprobe fastboot_snapshot && {name_file()}")
    assert product.write(vm, "invalidate").status == 0
    checks.nothing_held(vm)
    vm.run(f"swapon {IN_FILE} && swapoff {IN_FILE} && rm {IN_FILE}")


@each([], [FILE, FILE_XFS])
def test_file_system_of_the_file_is_written(lab, golden_file, machine):
    source = golden_file(machine)
    vm = lab.normal(source)
    stacks.activate(vm)
    mount_writable(vm)
    vm.run(f"echo rescued >{HOME}/rescued && sync")
    assert verdict(vm) == "fs-changed"
    vm.power_off()
    vm = lab.at_entry(source, after=vm).start()
    assert checks.outcome(vm, source.facts) == "fs-changed"


WRITABLE, READ_ONLY = (f"mount -o remount,{mode} {HOME}" for mode in ("rw", "ro"))
# A file of the same size whose last block is the other's header.
COPY = (f"fallocate -l {stacks.AREA_MIB}M {HOME}/copy",
        f"at=$(fastbootctl status {IN_FILE} --json | grep -o 'area=[^\"]*' | head -n 1)"
        f" && dd if={FILE.partition(2)} of={HOME}/copy bs=4096 skip=$((${{at#*+}} / 4096))"
        f" seek={stacks.AREA_MIB * 256 - 1} count=1 conv=notrunc,fsync 2>/dev/null")
NOT_FOUND = ("target-open",)
ON_A_FILE = [
    Obstacle("file-writable", ("fs-writable",), errno.EBUSY, "writable", (WRITABLE,), (READ_ONLY,)),
    Obstacle("file-active", ("fs-writable", "swap-in-use", "target-open"), errno.EBUSY, "",
             (WRITABLE, f"swapon {IN_FILE}"), (f"swapoff {IN_FILE}", READ_ONLY)),
    Obstacle("file-not-named", ("area-missing",), errno.ENODEV, "target=",
             (f"echo >{TARGET}",), (name_file(),)),
    Obstacle("file-missing", NOT_FOUND, errno.ENODEV, "error -2",
             (name_file(f"{IN_FILE}.not"),), (name_file(),)),
    Obstacle("directory", NOT_FOUND, errno.ENODEV, "not a regular file",
             (name_file(HOME),), (name_file(),)),
    Obstacle("file-in-memory", NOT_FOUND, errno.ENODEV, "may move it",
             ("truncate -s 320M /tmp/file", name_file("/tmp/file")), ("rm /tmp/file", name_file())),
    Obstacle("file-with-holes", NOT_FOUND, errno.ENODEV, "holes",
             (WRITABLE, f"truncate -s 8M {HOME}/holes", READ_ONLY, name_file(f"{HOME}/holes")),
             (WRITABLE, f"rm {HOME}/holes", READ_ONLY, name_file())),
    Obstacle("file-copied", ("area-moved",), errno.EBUSY, "piece 1",
             (WRITABLE, *COPY, READ_ONLY, name_file(f"{HOME}/copy")),
             (WRITABLE, f"rm {HOME}/copy", READ_ONLY, name_file())),
]


@pytest.fixture(scope="module")
def on_a_file(module_lab, golden_file):
    vm = module_lab.normal(golden_file(FILE))
    stacks.activate(vm)
    vm.run(f"modprobe fastboot_snapshot && {name_file()}")
    checks.start_counter(vm)
    checks.saved(vm, generation=2)
    return vm


@obstacles(ON_A_FILE, default=("file-copied",))
def test_obstacle_on_a_file(on_a_file, obstacle):
    meet(on_a_file, obstacle)


@pytest.mark.full
def test_once_on_a_writable_file_system(on_a_file):
    """Other file systems may be writable for a one-shot image, but not the file's."""
    on_a_file.run(WRITABLE)
    answer = product.write(on_a_file, "test:freeze once")
    on_a_file.run(READ_ONLY)
    assert list(answer.refusal) == ["fs-writable"]
    assert "the file of the image" in answer.refusal["fs-writable"]
    assert product.write(on_a_file, "test:freeze once").status == 0
