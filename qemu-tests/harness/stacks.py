# SPDX-License-Identifier: GPL-2.0-or-later
"""Storage stacks, which a guest with initrd-stacks makes itself at its first boot.

They are what Debian's installer makes (partman-auto-lvm, partman-auto-crypto), in small: a
partition for /boot, and a physical volume, bare or in LUKS, with the volumes root and swap_1; the
image area is on swap_1.  What else is in the volume group is for the tests.  "arrays" has a plain
area, and two disks.
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
LUKS, OPENED, KEY = "pv", "pv_crypt", "/tmp/passphrase"

# Its table of inodes is complete from the start: no thread writes it after the first mount.
MKFS = "mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0"


@dataclass(frozen=True)
class Stack:
    partitions: tuple       # (name, MiB) of the first disk, after the ESP
    second: tuple           # the same of the second disk
    make: tuple             # commands; {name} is the device of a partition
    activate: tuple         # what an installed system's initrd does
    area: str               # the device of the image area; "": the partition
    area_header: tuple = () # (partition, byte) of its last block, unless it is a partition


def volume(name, mib):
    return f"lvcreate -qq -y -n {name} -L {mib}M {GROUP}"


def with_a_file(device, kind, options=""):
    """Let the file system on the device have a file, "file"."""
    return (f"mount -t {kind} {options} {device} /mnt && echo 'on {device}' >/mnt/file"
            " && umount /mnt")


BOOT = ("mke2fs -q -t ext2 {boot}", with_a_file("{boot}", "ext2"))
ACTIVATE = (f"vgchange -qq -ay {GROUP}",)
USR = "veritysetup open --root-hash-file /boot/hash /dev/vg/usr usr /dev/vg/hash"

# The area is in two pieces, as after lvextend.
LVM = Stack(
    partitions=(("boot", 16), ("pv", 900)), second=(),
    make=(*BOOT, "modprobe -a dm_mod dm_verity xfs",
          "pvcreate -qq {pv}", f"vgcreate -qq {GROUP} {{pv}}",
          volume("swap_1", AREA_MIB // 2), volume("root", 48),
          f"lvextend -qq -L {AREA_MIB}M {AREA}",
          volume("data", 48), volume("spread", 300), volume("usr", 8), volume("hash", 4),
          f"{MKFS} {ROOT}", with_a_file(ROOT, "ext4"), f"{MKFS} {DATA}",
          f"mkfs.xfs -q {SPREAD}", with_a_file(SPREAD, "xfs"),
          "mke2fs -q -t ext4 /dev/vg/usr", with_a_file("/dev/vg/usr", "ext4"),
          "mount {boot} /mnt && veritysetup format --root-hash-file /mnt/hash /dev/vg/usr"
          " /dev/vg/hash >/dev/null; umount /mnt",
          f"fastbootctl prepare --yes {AREA}"),
    activate=("modprobe -a dm_mod dm_verity xfs", *ACTIVATE),
    area=AREA,
    area_header=("pv", (DATA_OFFSET_MIB + 48 + AREA_MIB) * MIB - 4096))

# With little work for a passphrase: this is not a test of cryptsetup.
CRYPTO = Stack(
    partitions=(("boot", 16), ("pv", 480)), second=(),
    make=(*BOOT, "modprobe -a dm_mod dm_crypt", f"printf sesame >{KEY}",
          "cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000"
          f" --key-file {KEY} {{pv}}",
          f"cryptsetup open --key-file {KEY} {{pv}} {OPENED}",
          f"pvcreate -qq /dev/mapper/{OPENED}", f"vgcreate -qq {GROUP} /dev/mapper/{OPENED}",
          volume("swap_1", AREA_MIB), volume("root", 48), volume("data", 48),
          f"{MKFS} {ROOT}", with_a_file(ROOT, "ext4"), f"{MKFS} {DATA}",
          f"fastbootctl prepare --yes {AREA}"),
    activate=("modprobe -a dm_mod dm_crypt", f"printf sesame >{KEY}",
              f"cryptsetup open --key-file {KEY} {{pv}} {OPENED}", *ACTIVATE),
    area=AREA,
    area_header=("pv", (LUKS_OFFSET_MIB + DATA_OFFSET_MIB + AREA_MIB) * MIB - 4096))

LEGS = (("leg-a", 40), ("leg-b", 40), ("wide", 144))
MDADM = "mdadm --quiet --create --run --assume-clean --metadata=1.2"
ARRAYS = Stack(
    partitions=(("area", AREA_MIB), *LEGS),
    second=(("leg-c", 40), ("leg-d", 40), ("wide-2", 144)),
    make=("modprobe -a raid1 raid456 btrfs",
          f"{MDADM} /dev/md1 --level=1 --raid-devices=2 {{leg-a}} {{leg-c}}",
          f"{MKFS} /dev/md1", with_a_file("/dev/md1", "ext4"),
          "mkfs.btrfs -q -d raid1 -m raid1 {wide} {wide-2}",
          "btrfs device scan >/dev/null", with_a_file("{wide}", "btrfs"),
          "mdadm --quiet --stop /dev/md1"),
    activate=("modprobe -a raid1 raid456 btrfs",
              "mdadm --quiet --assemble /dev/md1 {leg-a} {leg-c}", "btrfs device scan >/dev/null"),
    area="")

STACKS = {"lvm": LVM, "crypto": CRYPTO, "arrays": ARRAYS}


def devices(vm):
    """{name of a partition: its device}."""
    machine, stack = vm.machine, STACKS[vm.machine.stack]
    first = {name: machine.partition(number)
             for number, (name, _) in enumerate(stack.partitions, 2)}
    second = {name: f"{machine.second_device}{number}"
              for number, (name, _) in enumerate(stack.second, 1)}
    return first | second


def run(vm, commands):
    """Run commands in which {name} is the device of a partition."""
    places = devices(vm)
    for command in commands:
        vm.run(command.format(**places))


def make(vm):
    """On a new disk; the stack is active afterwards."""
    run(vm, STACKS[vm.machine.stack].make)


def activate(vm):
    run(vm, STACKS[vm.machine.stack].activate)
