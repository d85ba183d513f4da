# SPDX-License-Identifier: GPL-2.0-or-later
"""Storage stacks, which a guest with initrd-stacks makes itself at its first boot.

They are what Debian's installer makes (partman-auto-lvm, partman-auto-crypto), in small: a
partition for /boot, and a physical volume, bare or in LUKS, with the volumes root and swap_1; the
image area is on swap_1.  What else is in the volume group is for the tests.  "arrays" has a plain
area, and two disks.  "file-ext4" and "file-xfs" have the area in a swap file.
"""

from dataclasses import dataclass

MIB = 1 << 20
EXTENT_MIB = 4          # LVM's default
DATA_OFFSET_MIB = 1     # of a physical volume: where its extents begin
LUKS_OFFSET_MIB = 16    # of LUKS2: where its data begin
AREA_MIB = 320

GROUP = "vg"
AREA = f"/dev/{GROUP}/swap_1"
ROOT, DATA, SPREAD = (f"/dev/{GROUP}/{name}" for name in ("root", "data", "spread"))
OPENED, PASSPHRASE, KEY = "pv_crypt", "sesame", "/tmp/passphrase"

# Its table of inodes is complete from the start: no thread writes it after the first mount.
MKFS = "mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0"


@dataclass(frozen=True)
class Stack:
    partitions: tuple       # (name, MiB) of the first disk, after the ESP
    make: tuple             # commands; {name} is the device of a partition
    fill: tuple             # further commands of a tiny guest; the last ones lay out the area
    activate: tuple         # what an installed system's initrd does
    area: str = ""          # the device of the image area; "": the partition
    header: tuple = ()      # (partition, byte) of the area's last block, unless it is a partition
    second: tuple = ()      # partitions of the second disk


def volume(name, mib):
    return f"lvcreate -qq -y -n {name} -L {mib}M {GROUP}"


def with_a_file(device, kind, options=""):
    """Let the file system on the device have a file, "file"."""
    return (f"mount -t {kind} {options} {device} /mnt && echo 'on {device}' >/mnt/file"
            " && umount /mnt")


def group(device):
    return f"pvcreate -qq {device}", f"vgcreate -qq {GROUP} {device}"


FILL = (with_a_file("{boot}", "ext4"), with_a_file(ROOT, "ext4"), volume("data", 48),
        f"{MKFS} {DATA}")
PREPARE = (f"fastbootctl prepare --yes {AREA}",)
ACTIVATE = f"vgchange -qq -ay {GROUP}"
USR = "veritysetup open --root-hash-file /boot/hash /dev/vg/usr usr /dev/vg/hash"


def lvm(boot_mib, root_mib, pv_mib):
    """The area is in two pieces, as after lvextend."""
    modules = "modprobe -a dm_mod dm_verity xfs"
    return Stack(
        partitions=(("boot", boot_mib), ("pv", pv_mib)),
        make=(modules, f"{MKFS} {{boot}}", *group("{pv}"),
              volume("swap_1", AREA_MIB // 2), volume("root", root_mib),
              f"lvextend -qq -L {AREA_MIB}M {AREA}", f"{MKFS} {ROOT}"),
        fill=(*FILL, volume("spread", 300), volume("usr", 8), volume("hash", 4),
              f"mkfs.xfs -q {SPREAD}", with_a_file(SPREAD, "xfs"),
              f"{MKFS} -b 4096 /dev/vg/usr", with_a_file("/dev/vg/usr", "ext4"),
              "mount -t ext4 {boot} /mnt && veritysetup format --root-hash-file /mnt/hash"
              " /dev/vg/usr /dev/vg/hash >/dev/null && umount /mnt", *PREPARE),
        activate=(modules, ACTIVATE), area=AREA,
        header=("pv", (DATA_OFFSET_MIB + root_mib + AREA_MIB) * MIB - 4096))


def crypto(boot_mib, root_mib, pv_mib):
    """With little work for a passphrase: nothing here is a test of cryptsetup."""
    begin = ("modprobe -a dm_mod dm_crypt", f"printf {PASSPHRASE} >{KEY}")
    unlock = f"cryptsetup open --key-file {KEY} {{pv}} {OPENED}"
    return Stack(
        partitions=(("boot", boot_mib), ("pv", pv_mib)),
        make=(*begin, f"{MKFS} {{boot}}",
              "cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2"
              f" --pbkdf-force-iterations 1000 --key-file {KEY} {{pv}}", unlock,
              *group(f"/dev/mapper/{OPENED}"), volume("swap_1", AREA_MIB),
              volume("root", root_mib), f"{MKFS} {ROOT}"),
        fill=(*FILL, *PREPARE), activate=(*begin, unlock, ACTIVATE), area=AREA,
        header=("pv", (LUKS_OFFSET_MIB + DATA_OFFSET_MIB + AREA_MIB) * MIB - 4096))


LEGS = (("leg-a", 40), ("leg-b", 40), ("wide", 144))
MDADM = "mdadm --quiet --create --run --assume-clean --metadata=1.2"
ARRAYS = Stack(
    partitions=(("area", AREA_MIB), *LEGS),
    make=("modprobe -a raid1 raid456 btrfs",
          f"{MDADM} /dev/md1 --level=1 --raid-devices=2 {{leg-a}} {{leg-c}}",
          f"{MKFS} /dev/md1", "mkfs.btrfs -q -d raid1 -m raid1 {wide} {wide-2}"),
    fill=(with_a_file("/dev/md1", "ext4"), "btrfs device scan >/dev/null",
          with_a_file("{wide}", "btrfs"), "mdadm --quiet --stop /dev/md1"),
    activate=("modprobe -a raid1 raid456 btrfs",
              "mdadm --quiet --assemble /dev/md1 {leg-a} {leg-c}", "btrfs device scan >/dev/null"),
    second=(("leg-c", 40), ("leg-d", 40), ("wide-2", 144)))

FILES = "/fs/files"         # where the file system with the swap file is mounted
READ_ONLY = {"ext4": "ro", "xfs": "ro,norecovery"}


def file(kind, mkfs):
    """The swap file is preallocated: nothing has been written to it.

    fastbootctl finds it because /etc/fstab names it; at a later boot, whose root is new, because
    the module has been given its path.
    """
    area = f"{FILES}/swapfile"
    on_it = f"mkdir -p {FILES} && mount -t {kind}"
    return Stack(
        partitions=(("files", 800),),
        make=("modprobe -a ext4 xfs", f"{mkfs} {{files}}", f"{on_it} {{files}} {FILES}"),
        fill=(f"echo 'on {{files}}' >{FILES}/file", f"fallocate -l {AREA_MIB}M {area}",
              f"echo '{area} none swap noauto 0 0' >>/etc/fstab",
              f"fastbootctl prepare --yes {area}", f"mount -o remount,ro {FILES}"),
        activate=("modprobe -a ext4 xfs", f"{on_it} -o {READ_ONLY[kind]} {{files}} {FILES}"),
        area=area)


# For a tiny guest; for a Debian.
STACKS = {"lvm": lvm(16, 48, 900), "crypto": crypto(16, 48, 480), "arrays": ARRAYS,
          "file-ext4": file("ext4", MKFS), "file-xfs": file("xfs", "mkfs.xfs -q"),
          "lvm-debian": lvm(160, 1800, 2160), "crypto-debian": crypto(160, 1800, 2180)}


def devices(machine, first="", second=""):
    """{name of a partition: its device}; first, second: other names of the disks."""
    stack = STACKS[machine.stack]
    places = {name: f"{first}{number}" if first else machine.partition(number)
              for number, (name, _) in enumerate(stack.partitions, 2)}
    return places | {name: f"{second or machine.second_device}{number}"
                     for number, (name, _) in enumerate(stack.second, 1)}


def run(vm, commands, places=None):
    """Run commands in which {name} is the device of a partition."""
    places = places or devices(vm.machine)
    for command in commands:
        vm.run(command.format(**places))


def make(vm):
    """On a new disk; the stack is active afterwards."""
    stack = STACKS[vm.machine.stack]
    run(vm, (*stack.make, *stack.fill))


def activate(vm):
    run(vm, STACKS[vm.machine.stack].activate)
