# SPDX-License-Identifier: GPL-2.0-or-later
"""Disk images, built as files without root.

    GPT | 1 ESP | 2 fast-boot area | 3 scratch | 4 root (debian) |

The identifiers are fixed: a disk is the same one each time it is built.
"""

from pathlib import Path

from .paths import FASTBOOTCTL, GUESTS, SYSTEMD_BOOT, host

MIB = 1 << 20
ESP_MIB = 96
SCRATCH_MIB = 32

DISK_UUID = "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d1000"
PARTUUID = {
    "esp": "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d1001",
    "area": "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d1002",
    "scratch": "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d1003",
    "root": "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d1004",
}
TYPE_GUID = {
    "esp": "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
    "area": "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F",
    "scratch": "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
    "root": "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709",
}
ESP, AREA, SCRATCH, ROOT = 1, 2, 3, 4


def guest_dir(machine):
    return GUESTS / f"{machine.guest}-{machine.series}"


def command_line(machine):
    words = ["console=tty0", "console=ttyS0,115200", machine.cmdline]
    if machine.guest == "debian":
        words.insert(0, f"root=PARTUUID={PARTUUID['root']} ro")
    return " ".join(word for word in words if word)


def _make_esp(machine, path):
    guest = guest_dir(machine)
    host("truncate", "-s", f"{ESP_MIB}M", path)
    host("mkfs.vfat", "-F", "32", "-n", "ESP", path)
    host("mmd", "-i", path, "::/EFI", "::/EFI/BOOT", "::/loader", "::/loader/entries")
    entry = path.with_suffix(".entry")
    entry.write_text(
        f"title {machine.guest}\nlinux /vmlinuz\ninitrd /initrd\n"
        f"options {command_line(machine)}\n")
    loader = path.with_suffix(".loader")
    loader.write_text(f"timeout 0\ndefault {machine.guest}.conf\n")
    for source, target in (
            (SYSTEMD_BOOT, "EFI/BOOT/BOOTX64.EFI"),
            (guest / "vmlinuz", "vmlinuz"),
            (guest / "initrd", "initrd"),
            (loader, "loader/loader.conf"),
            (entry, f"loader/entries/{machine.guest}.conf")):
        host("mcopy", "-i", path, source, f"::/{target}")


def _make_area(machine, path):
    host("truncate", "-s", f"{machine.area_mib}M", path)
    if FASTBOOTCTL.exists():
        host(FASTBOOTCTL, "prepare", "--yes", path)


def _partition_files(machine, scratch_dir):
    """(name, size in MiB, content or None) in the order on the disk."""
    esp, area = scratch_dir / "esp.img", scratch_dir / "area.img"
    _make_esp(machine, esp)
    _make_area(machine, area)
    table = [("esp", ESP_MIB, esp), ("area", machine.area_mib, area),
             ("scratch", SCRATCH_MIB, None)]
    root = guest_dir(machine) / "root.ext4"
    if machine.guest == "debian":
        table.append(("root", -(-root.stat().st_size // MIB), root))
    return table


def _write_table(disk, table):
    script = [f"label: gpt\nlabel-id: {DISK_UUID}\nunit: sectors\nfirst-lba: 2048"]
    start = 1
    for name, size, _ in table:
        script.append(
            f"start={start * 2048}, size={size * 2048}, type={TYPE_GUID[name]},"
            f" uuid={PARTUUID[name]}, name={name}")
        start += size
    host("truncate", "-s", f"{start + 1}M", disk)
    host("sfdisk", "--quiet", disk, input="\n".join(script) + "\n")


def make_disk(machine, disk):
    """Build the raw disk image of a machine at the path disk."""
    disk = Path(disk)
    table = _partition_files(machine, disk.parent)
    _write_table(disk, table)
    start = 1
    for _, size, content in table:
        if content is not None:
            host("dd", f"if={content}", f"of={disk}", "bs=1M", f"seek={start}",
                 "conv=notrunc,sparse")
        start += size
    for leftover in disk.parent.glob("esp.*"):
        leftover.unlink()
    (disk.parent / "area.img").unlink()


def make_overlay(backing, overlay, backing_format="qcow2"):
    host("qemu-img", "create", "-q", "-f", "qcow2", "-F", backing_format,
         "-b", Path(backing).resolve(), overlay)


def area_offset():
    """Where the fast-boot partition starts on every disk, in bytes."""
    return (1 + ESP_MIB) * MIB


def export(image, path):
    """The disk's content as a sparse raw file, to be looked at; nobody may use the disk."""
    host("qemu-img", "convert", "-f", "qcow2", "-O", "raw", image, path)


def write_byte(image, offset, value):
    """Change one byte of a qcow2 disk that nobody uses; offset counts in disk bytes."""
    host("qemu-io", "-f", "qcow2", "-c", f"write -q -P {value} {offset} 1", image)
