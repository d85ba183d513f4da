# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine made of files whose swap space is on LVM: /sys with device mapper's tables, /dev.

A device of the stack is a file of its own, so that a test sees what goes through it and what goes
to the partitions below.
"""
import subprocess
import uuid

from tool import MIB, SIZE, sparse

GUIDS = ("3d5a0c1e-0f6b-4b52-9d0e-6a9f6a2d1001", "3d5a0c1e-0f6b-4b52-9d0e-6a9f6a2d1002")
PARTITION_SIZE = 8 * MIB
NUMBERS = {"vda": "254:0", "vda1": "254:1", "vda2": "254:2", "dm-0": "253:0", "dm-1": "253:1"}

# Pieces of the volume: partition, offset, size.
VOLUME = [(0, 2 * MIB, 3 * MIB), (1, MIB, 4 * MIB), (0, 6 * MIB, MIB)]
MAP = [{"partition": GUIDS[part], "offset": offset, "size": size} for part, offset, size in VOLUME]
HEADER = f"{GUIDS[0]}+{7 * MIB - 4096}"


def linear(pieces, below=("254:1", "254:2")):
    lines, at = [], 0
    for part, offset, size in pieces:
        lines.append(f"{at // 512} {size // 512} linear {below[part]} {offset // 512}\n")
        at += size
    return "".join(lines)


class Stack:
    """vda with two partitions, and the volume dm-0, vg-swap, on both."""

    def __init__(self, root):
        self.root = root
        self.env = {"FASTBOOTCTL_ROOT": str(root)}
        for name in ("sys/class/block", "sys/dev/block", "dev/mapper", "proc", "etc",
                     "sys/power/fastboot"):
            (root / name).mkdir(parents=True)
        disk = sparse(root / "dev/vda", 24 * MIB)
        script = "label: gpt\n" + "".join(
            f"start={2048 + i * PARTITION_SIZE // 512}, size={PARTITION_SIZE // 512}, uuid={guid}\n"
            for i, guid in enumerate(GUIDS))
        subprocess.run(["/usr/sbin/sfdisk", "--quiet", disk], input=script, text=True, check=True)
        self.partitions = [sparse(root / f"dev/vda{i + 1}", PARTITION_SIZE) for i in range(2)]
        self.volume = sparse(root / "dev/dm-0", SIZE)
        (root / "dev/mapper/vg-swap").symlink_to("../dm-0")
        self._sysfs("vda", "devices/vda", 24 * MIB)
        self.write("sys/devices/vda/device/vendor", "")
        for i in range(2):
            self._sysfs(f"vda{i + 1}", f"devices/vda/vda{i + 1}", PARTITION_SIZE)
            self.write(f"sys/devices/vda/vda{i + 1}/partition", f"{i + 1}\n")
            self.write(f"sys/devices/vda/vda{i + 1}/start",
                       f"{2048 + i * PARTITION_SIZE // 512}\n")
        self._sysfs("dm-0", "devices/dm-0", SIZE)
        self.write("sys/devices/dm-0/dm/name", "vg-swap\n")
        self.table("dm-0", linear(VOLUME))

    def _sysfs(self, name, folder, size):
        self.write(f"sys/{folder}/size", f"{size // 512}\n")
        self.write(f"sys/{folder}/dev", f"{NUMBERS[name]}\n")
        (self.root / "sys/class/block" / name).symlink_to(f"../../{folder}")
        (self.root / "sys/dev/block" / NUMBERS[name]).symlink_to(f"../../{folder}")

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def table(self, name, text):
        self.write(f"sys/devices/{name}/dm/table", text)

    def resize(self, size):
        self.write("sys/devices/dm-0/size", f"{size // 512}\n")
        with open(self.volume, "r+b") as file:
            file.truncate(size)

    def encrypt(self):
        """Both parts of the volume are on vda2, inside LUKS, whose data begin at 1 MiB."""
        sparse(self.root / "dev/dm-1", PARTITION_SIZE - MIB)
        self._sysfs("dm-1", "devices/dm-1", PARTITION_SIZE - MIB)
        self.table("dm-1", f"0 {7 * MIB // 512} crypt aes-xts-plain64 "
                           f":64:logon:cryptsetup:x 0 254:2 {MIB // 512} 1 allow_discards\n")
        pieces = [(0, 3 * MIB, 3 * MIB), (0, 0, 2 * MIB)]
        self.table("dm-0", linear(pieces, ["253:1"]))
        self.resize(5 * MIB)
        return [(1, 4 * MIB, 3 * MIB), (1, MIB, 2 * MIB)]

    def gather(self, path, pieces=None):
        """The area as one file."""
        data = [part.read_bytes() for part in self.partitions]
        path.write_bytes(b"".join(data[part][at:at + size] for part, at, size in pieces or VOLUME))
        return path

    def scatter(self, path, pieces=None):
        data = path.read_bytes()
        for part, at, size in pieces or VOLUME:
            with open(self.partitions[part], "r+b") as file:
                file.seek(at)
                file.write(data[:size])
            data = data[size:]

    def fill_disk(self):
        """Copies the partitions into the disk, from which proofs are read."""
        with open(self.root / "dev/vda", "r+b") as file:
            for i, part in enumerate(self.partitions):
                file.seek(MIB + i * PARTITION_SIZE)
                file.write(part.read_bytes())


def partition_bytes(guid):
    return uuid.UUID(guid).bytes_le.hex()
