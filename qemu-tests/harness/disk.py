# SPDX-License-Identifier: GPL-2.0-or-later
"""Disk images, built as files without root.

    GPT | 1 ESP | 2 fast-boot area | 3 scratch | 4 root, or file systems |
    GPT | 1 ESP | partitions of a stack (harness/stacks.py) |

The identifiers are fixed: a disk that is built again is the same disk.
"""

import hashlib
import itertools
import json
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from . import mok, uki
from .guests import NotBuilt
from .paths import FASTBOOTCTL, GATE, GUESTS, MKGATE, SECURE_BOOT, SYSTEMD_BOOT, host
from .stacks import GROUP, STACKS

MIB = 1 << 20
SECTOR = 512
ESP_MIB = 96
SCRATCH_MIB = 32

DISK_UUID = "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d1000"
SECOND_DISK_UUID = "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d2000"
PARTUUID = {
    "esp": "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d1001",
    "area": "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d1002",
    "scratch": "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d1003",
    "root": "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d1004",
    "ext4": "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d1011",
    "xfs": "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d1012",
    "btrfs": "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d1013",
    "f2fs": "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d1014",
    "squashfs": "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d1015",
    "erofs": "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d1016",
    "boot": "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d1021",
    "pv": "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d1022",
    "leg-a": "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d1023",
    "leg-b": "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d1024",
    "files": "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d1026",
    "wide": "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d1025",
    "second": "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d2001",
    "leg-c": "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d2021",
    "leg-d": "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d2022",
    "wide-2": "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d2023",
}
TYPE_GUID = {
    "esp": "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
    "area": "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F",
    "root": "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709",
}
DATA = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
ESP, AREA, SCRATCH, ROOT = 1, 2, 3, 4
# Of a machine with Secure Boot.
ON_ESP = {"shim": "EFI/debian/shimx64.efi", "grub": "EFI/debian/grubx64.efi",
          "loader": "EFI/fastboot/fastbootx64.efi", "unified": "EFI/Linux/tiny.efi"}

SIGNED_GRUB = SECURE_BOOT / "debian/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed"
# What a kernel needs to keep its memory from root (docs/security.md, "Level B").
VETTED_WORDS = "lockdown=confidentiality sysctl.kernel.kexec_load_disabled=1"

# MiB: little more than each mkfs needs.
FILE_SYSTEM_MIB = {"ext4": 16, "xfs": 300, "btrfs": 128, "f2fs": 64, "squashfs": 1, "erofs": 1}

XFS_PROTOTYPE = """/none
0 0
d--755 0 0
file ---644 0 0 {}
$
"""


def guest_dir(machine):
    return GUESTS / f"{machine.guest}-{machine.series}"


def has_root(machine):
    """Is its root a partition?  The tiny guest's is its initramfs."""
    return machine.guest != "tiny"


def command_line(machine):
    words = ["console=tty0", "console=ttyS0,115200", machine.kernel_words]
    if has_root(machine):
        root = f"/dev/mapper/{GROUP}-root" if machine.stack else f"PARTUUID={PARTUUID['root']}"
        words.insert(0, f"root={root} ro")
    return " ".join(word for word in words if word)


def _make_esp(machine, path):
    host("truncate", "-s", f"{ESP_MIB}M", path)
    host("mkfs.vfat", "-F", "32", "-n", "ESP", path)
    files = _shim_and_grub if machine.firmware.secure else _systemd_boot
    guest = guest_dir(machine)
    wanted = [*files(machine, path), (guest / "vmlinuz", "vmlinuz"),
              (guest / machine.initrd, "initrd")]
    if machine.unified:
        unified = path.with_suffix(".unified")
        make_unified(machine, unified)
        wanted.append((unified, ON_ESP["unified"]))
    folders = {folder for _, place in wanted for folder in Path(place).parents} - {Path(".")}
    host("mmd", "-i", path, *(f"::/{folder}" for folder in sorted(folders)))
    put(path, wanted)


def _systemd_boot(machine, path):
    """[(file, place on the ESP)] of what boots without an entry."""
    entry = path.with_suffix(".entry")
    entry.write_text(
        f"title {machine.guest}\nlinux /vmlinuz\ninitrd /initrd\n"
        f"options {command_line(machine)}\n")
    loader = path.with_suffix(".loader")
    loader.write_text(f"timeout 0\ndefault {machine.guest}.conf\n")
    return [(SYSTEMD_BOOT, "EFI/BOOT/BOOTX64.EFI"),
            (loader, "loader/loader.conf"),
            (entry, f"loader/entries/{machine.guest}.conf")]


def _shim_and_grub(machine, path):
    """As Debian installs them, except for the menu, and the signed loader beside them."""
    signed = SECURE_BOOT / "debian/usr/lib/shim"
    menu = path.with_suffix(".grub")
    menu.write_text(f"set timeout=0\nmenuentry {machine.guest} {{\n"
                    f"linux /vmlinuz {command_line(machine)}\ninitrd /initrd\n}}\n")
    ours = [(signed_loader(machine), ON_ESP["loader"])] if machine.has_product else []
    return [(signed / "shimx64.efi.signed", ON_ESP["shim"]),
            (signed / "mmx64.efi.signed", "EFI/debian/mmx64.efi"),
            (SIGNED_GRUB, ON_ESP["grub"]),
            (menu, "EFI/debian/grub.cfg"), *ours]


def make_unified(machine, path):
    """The machine's kernel and initrd as the loader's option kernel= demands them."""
    kernel = path.with_suffix(".kernel")
    # The stub asks the firmware for the kernel inside, too.
    mok.sign(guest_dir(machine) / "vmlinuz", kernel)
    uki.make(path, kernel, guest_dir(machine) / machine.initrd,
             f"{command_line(machine)} {VETTED_WORDS}")
    kernel.unlink()


def signed_loader(machine):
    """The loader that guest/product.sh has signed."""
    return guest_dir(machine) / "fastbootx64.efi"


def put(esp, files):
    """Copy [(file, place)] into an image of the ESP, over what is there."""
    for source, place in files:
        host("mcopy", "-o", "-i", esp, source, f"::/{place}")


def make_area(path, mib, swap_mib=0):
    """A partition as `fastbootctl prepare` lays it out."""
    if not FASTBOOTCTL.exists():
        raise NotBuilt(f"{FASTBOOTCTL} does not exist: run `make`")
    host("truncate", "-s", f"{mib}M", path)
    swap = ["--swap-size", f"{swap_mib}M"] if swap_mib else []
    host(FASTBOOTCTL, "prepare", "--yes", *swap, path)


def make_file_system(kind, path, content):
    """A file system with one file, "file", in an image of the usual size."""
    tree = path.with_suffix(".tree")
    tree.mkdir()
    (tree / "file").write_text(content)
    if kind not in ("squashfs", "erofs"):
        host("truncate", "-s", f"{FILE_SYSTEM_MIB[kind]}M", path)
    if kind == "ext4":
        host("mke2fs", "-q", "-t", "ext4", "-d", tree, path)
    elif kind == "xfs":
        prototype = tree / "prototype"
        prototype.write_text(XFS_PROTOTYPE.format(tree / "file"))
        host("mkfs.xfs", "-q", "-p", prototype, path)
    elif kind == "btrfs":
        host("mkfs.btrfs", "-q", "--rootdir", tree, path)
    elif kind == "f2fs":
        host("mkfs.f2fs", "-q", path)
        host("sload.f2fs", "-f", tree, path)
    elif kind == "squashfs":
        host("mksquashfs", tree, path, "-quiet", "-no-progress")
    elif kind == "erofs":
        host("mkfs.erofs", path, tree)
    else:
        raise ValueError(f"no such file system: {kind}")
    shutil.rmtree(tree)


def _layout(machine):
    """[(name, size in MiB)] of the partitions, in their order on the disk."""
    if machine.stack:
        return [("esp", ESP_MIB), *STACKS[machine.stack].partitions]
    table = [("esp", ESP_MIB), ("area", machine.area_mib), ("scratch", SCRATCH_MIB)]
    if has_root(machine):
        root = guest_dir(machine) / "root.ext4"
        table.append(("root", -(-root.stat().st_size // MIB)))
    return table + [(kind, FILE_SYSTEM_MIB[kind]) for kind in machine.file_systems]


def partition_number(machine, name):
    return 1 + [name for name, _ in _layout(machine)].index(name)


def partition_extent(machine, name):
    """(offset, size) on the disk, in bytes."""
    layout = _layout(machine)
    number = partition_number(machine, name)
    return ((1 + sum(size for _, size in layout[:number - 1])) * MIB,
            layout[number - 1][1] * MIB)


def area_option(machine):
    """How the loader's boot entry names the image area."""
    header = machine.stack and STACKS[machine.stack].header
    if header:
        partition, byte = header
        return f"area={PARTUUID[partition]}+{byte}"
    return f"partuuid={PARTUUID['area']}"


def _make_contents(machine, scratch_dir):
    """{name: path of its image} of the partitions that have content."""
    layout = dict(_layout(machine))
    contents = {name: scratch_dir / f"{name}.img"
                for name in ("esp", "area", *machine.file_systems) if name in layout}
    _make_esp(machine, contents["esp"])
    if "area" in layout:
        make_area(contents["area"], layout["area"], machine.swap_mib)
    for kind in machine.file_systems:
        make_file_system(kind, contents[kind], f"on {kind}")
    if machine.scratch and "scratch" in layout:
        # Made here, not in the guest: busybox's mke2fs makes no journal.
        contents["scratch"] = scratch_dir / "scratch.img"
        host("mke2fs", "-q", "-t", machine.scratch, contents["scratch"], f"{SCRATCH_MIB}M")
    if "root" in layout:
        contents["root"] = guest_dir(machine) / "root.ext4"
    return contents


def _write_table(disk, identifier, layout):
    script = [f"label: gpt\nlabel-id: {identifier}\nunit: sectors\nfirst-lba: 2048"]
    start = 1
    for name, size in layout:
        script.append(
            f"start={start * 2048}, size={size * 2048}, type={TYPE_GUID.get(name, DATA)},"
            f" uuid={PARTUUID[name]}, name={name}")
        start += size
    host("truncate", "-s", f"{start + 1}M", disk)
    host("sfdisk", "--quiet", disk, input="\n".join(script) + "\n")


def _fill(disk, layout, contents):
    starts = itertools.accumulate((size for _, size in layout), initial=1)
    for (name, _), start in zip(layout, starts):
        if name in contents:
            host("dd", f"if={contents[name]}", f"of={disk}", "bs=1M", f"seek={start}",
                 "conv=notrunc,sparse")


def make_disk(machine, disk):
    """Build the raw disk image of a machine at the path disk."""
    disk = Path(disk)
    contents = _make_contents(machine, disk.parent)
    _write_table(disk, DISK_UUID, _layout(machine))
    _fill(disk, _layout(machine), contents)
    for leftover in itertools.chain(disk.parent.glob("*.img"), disk.parent.glob("esp.*")):
        leftover.unlink()


def make_gate_disk(disk):
    """Build a raw disk image with gate.efi as boot loader, and its image; returns the facts.

    The facts are what mkgate prints of the image, and the digest of its partition.
    """
    missing = [str(path) for path in (GATE, MKGATE) if not path.exists()]
    if missing:
        raise NotBuilt("run `make` first, these are not built: " + ", ".join(missing))
    contents = {name: disk.with_suffix(f".{name}") for name in ("esp", "area")}
    host("truncate", "-s", f"{ESP_MIB}M", contents["esp"])
    host("mkfs.vfat", "-F", "32", "-n", "ESP", contents["esp"])
    host("mmd", "-i", contents["esp"], "::/EFI", "::/EFI/BOOT")
    host("mcopy", "-i", contents["esp"], GATE, "::/EFI/BOOT/BOOTX64.EFI")
    facts = dict(re.findall(r"(\w+)=(\d+)", host(MKGATE, contents["area"])))
    facts["sha256"] = hashlib.sha256(contents["area"].read_bytes()).hexdigest()
    layout = [("esp", ESP_MIB), ("area", contents["area"].stat().st_size // MIB)]
    _write_table(disk, DISK_UUID, layout)
    _fill(disk, layout, contents)
    for content in contents.values():
        content.unlink()
    return facts


def make_second_disk(machine, disk):
    """Build a raw disk image with nothing but an ext4, or the empty partitions of a stack."""
    if machine.stack:
        _write_table(disk, SECOND_DISK_UUID, STACKS[machine.stack].second)
        return
    content = disk.with_suffix(".img")
    layout = [("second", FILE_SYSTEM_MIB["ext4"])]
    make_file_system("ext4", content, "on the second disk")
    _write_table(disk, SECOND_DISK_UUID, layout)
    _fill(disk, layout, {"second": content})
    content.unlink()


def make_blank(disk, mib):
    """Build an empty disk; returns its path."""
    host("qemu-img", "create", "-q", "-f", "qcow2", disk, f"{mib}M")
    return disk


def is_blank(disk):
    """Does the disk still hold nothing but zeroes?"""
    mapped = json.loads(host("qemu-img", "map", "--output=json", disk))
    return all(extent["zero"] for extent in mapped)


@dataclass
class Served:
    process: subprocess.Popen
    overlay: Path


def serve(disk):
    """A disk all of whose bytes come from a process that can be stopped."""
    socket, overlay = (Path(disk).with_suffix(suffix) for suffix in (".socket", ".served"))
    process = subprocess.Popen(["qemu-nbd", "--persistent", "--format=qcow2",
                                f"--socket={socket}", disk])
    while not socket.exists():
        time.sleep(0.05)
    host("qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", f"nbd:unix:{socket}",
         overlay)
    return Served(process, overlay)


def make_overlay(backing, overlay, backing_format="qcow2"):
    host("qemu-img", "create", "-q", "-f", "qcow2", "-F", backing_format,
         "-b", Path(backing).resolve(), overlay)


def copy_machine(image, variables, drives, directory):
    """Overlays of a machine's disks and a copy of its variables; (image, variables, drives)."""
    directory.mkdir(parents=True, exist_ok=True)
    copies = directory / "disk.qcow2", directory / "variables.fd"
    make_overlay(image, copies[0])
    shutil.copy(variables, copies[1])
    for drive in drives:
        make_overlay(drive, directory / Path(drive).name)
    return *copies, [directory / Path(drive).name for drive in drives]


def area_offset():
    """Where the fast boot partition starts on every disk, in bytes."""
    return (1 + ESP_MIB) * MIB


def export(image, path):
    """Copy the disk's content into a sparse raw file; the disk must not be in use."""
    host("qemu-img", "convert", "-f", "qcow2", "-O", "raw", image, path)


def export_part(image, path, offset, size):
    """Like export, but only these bytes of the disk."""
    host("qemu-img", "convert", "-O", "raw", "--image-opts",
         f"driver=raw,offset={offset},size={size},file.driver=qcow2,file.file.driver=file,"
         f"file.file.filename={image}", path)


def resize(image, size):
    """Make the disk shorter or longer."""
    host("qemu-img", "resize", "-q", "-f", "qcow2", "--shrink", image, size)


def edit_table(image, *arguments, script=None):
    """Run `sfdisk` on a qcow2 disk that is not in use; the disk follows the first argument."""
    raw = Path(image).with_suffix(".raw")
    export(image, raw)
    option, *rest = arguments
    host("sfdisk", "--quiet", option, raw, *rest, input=script)
    host("qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, image)
    raw.unlink()


def put_on_esp(machine, image, files):
    """Like put, into a qcow2 disk that is not in use."""
    esp = Path(image).with_suffix(".esp")
    export_part(image, esp, *partition_extent(machine, "esp"))
    put(esp, files)
    write_partition(machine, image, "esp", esp)
    esp.unlink()


def boot_file_sectors(machine, image):
    """Sectors, on a qcow2 disk that is not in use, amid the file that its boot entry names.

    In its middle: where it begins, the firmware may read it along with a directory.  More
    than one if the ESP has copies of the file.
    """
    place = ON_ESP["shim" if machine.firmware.secure else "loader"]
    esp, content = (Path(image).with_suffix(suffix) for suffix in (".esp", ".boot"))
    start, size = partition_extent(machine, "esp")
    export_part(image, esp, start, size)
    host("mcopy", "-i", esp, f"::/{place}", content)
    data = content.read_bytes()
    middle = len(data) // 2 // SECTOR * SECTOR
    whole, wanted = esp.read_bytes(), data[middle:middle + 8 * SECTOR]
    esp.unlink()
    content.unlink()
    return [(start + hit.start()) // SECTOR for hit in re.finditer(re.escape(wanted), whole)]


def write_partition(machine, image, name, content):
    """Write a file to the start of a partition; the qcow2 disk must not be in use."""
    write(image, partition_extent(machine, name)[0], Path(content).read_bytes())


def write(image, offset, data):
    """Change bytes of a qcow2 disk that is not in use; offset: in bytes, on the disk."""
    with tempfile.NamedTemporaryFile(dir=Path(image).parent) as content:
        content.write(data)
        content.flush()
        host("qemu-io", "-f", "qcow2", "-c",
             f"write -q -s {content.name} {offset} {len(data)}", image)
