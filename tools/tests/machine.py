# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine made of files, on which an image was taken.

This file derives the machine's fingerprint from the specifications.
"""
import re
import shutil
import struct
import subprocess
import uuid

import xxhash

from tool import EFI_GLOBAL, MIB, copy, ctl, efi_variable, flip, json_of, put_image, sparse

DATA = "33221100-5544-7766-8899-aabbccddeeff"
OTHER = "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d1003"
EXT_SUPER, PARTITION_TABLE = 16, 1
WHOLE_DISK = 1
DATA_AT = 2 * MIB

MEMORY = [
    (0x0, 0x9fbff, "System RAM"), (0x9fc00, 0x9ffff, "Reserved"),
    (0xf0000, 0xfffff, "Reserved"), (0x100000, 0x3effffff, "System RAM"),
    (0x3f000000, 0x3f7fffff, "Reserved"), (0x3f800000, 0x3f8fffff, "ACPI Tables"),
    (0x3f900000, 0x3fffffff, "ACPI Non-volatile Storage"),
    (0x100000000, 0x13fffffff, "System RAM")]
RAM = 0x9f000 + 0x3ef00000 + 0x40000000
RUNTIME = 0x3f000000

FACS_AT, DSDT_AT = 0x3f901000, 0x3f801008
MACHINE_UUID = uuid.UUID("7a1c5e0b-94d2-4f36-8b7e-2d90c3f1a601")
SERIAL = b"SN-4711"


def digest(data):
    return xxhash.xxh64(data, seed=0).intdigest()


# ACPI 6.5, 5.2.

def acpi_table(signature, body):
    head = signature + struct.pack("<I", 36 + len(body)) + bytes(28)
    return head + body


def fadt():
    body = bytearray(240)
    struct.pack_into("<II", body, 36 - 36, 0, 0)
    struct.pack_into("<QQ", body, 132 - 36, FACS_AT, DSDT_AT)
    return acpi_table(b"FACP", bytes(body))


def madt(enabled):
    entries = b"".join(struct.pack("<BBBBI", 0, 8, n, n, n < enabled) for n in range(4))
    return acpi_table(b"APIC", bytes(8) + entries)


FACS = b"FACS" + struct.pack("<II", 64, 0x1234) + bytes(52)
TABLES = {
    "FACP": fadt(), "FACS": FACS, "DSDT": acpi_table(b"DSDT", b"a program" * 9),
    "APIC": madt(2), "SSDT1": acpi_table(b"SSDT", b"one"), "SSDT2": acpi_table(b"SSDT", b"two!")}
# In the order of the walk: the root table, the tables it lists, and those the FADT names below it.
WALK = ("XSDT", "FACP", "FACS", "DSDT", "APIC", "SSDT1", "SSDT2")


def acpi_items():
    for index, name in enumerate(WALK):
        data = TABLES.get(name, acpi_table(b"XSDT", bytes(32)))
        answer = 0xabc0 + index
        if name == "DSDT":
            answer = digest(data + struct.pack("<Q", DSDT_AT))
        if name == "FACS":
            answer = digest(data[8:12] + struct.pack("<Q", FACS_AT))
        signature, length = struct.unpack_from("<II", data)
        yield 4, index, signature | length << 32, answer


# SMBIOS 3.6, 5.2.2 and 7.2.

def smbios_table(identity=MACHINE_UUID):
    system = struct.pack("<BBHBBBB", 1, 27, 0x100, 1, 2, 0, 3) + identity.bytes_le + bytes(3)
    strings = b"maker\0product\0" + SERIAL + b"\0\0"
    return b"\0\x05\0\0\0first\0\0" + system + strings + b"\x7f\x04\x01\0\0\0"


def smbios_entry(size):
    entry = bytearray(b"_SM3_\0\x18\x03\x06\0\x01\0" + struct.pack("<IQ", size + 100, 0x3f800000))
    entry[5] = -sum(entry) & 0xff
    return bytes(entry)


def config_space(device=0x2922):
    space = bytearray(256)
    struct.pack_into("<HH", space, 0, 0x8086, device)
    struct.pack_into("<I", space, 8, 0x01060102)
    space[0x0e] = 0x80
    struct.pack_into("<HH", space, 0x2c, 0x1af4, 0x1100)
    return bytes(space)


def items():
    identity = struct.unpack("<QQ", MACHINE_UUID.bytes_le)
    yield 2, 0, 2, 0
    yield 3, 0, RAM, 0
    yield from acpi_items()
    yield 5, 0xfa, 0x8086 | 0x2922 << 16 | 0x1af4 << 32 | 0x1100 << 48, 0x01060102
    yield 6, 0, *identity
    yield 6, 1, digest(SERIAL), len(SERIAL)


def partitioned(directory, disk_uuid, partition_uuid):
    """A disk with one partition; made only if the directory does not contain it yet."""
    path = directory / f"disk-{disk_uuid}"
    if not path.exists():
        script = (f"label: gpt\nlabel-id: {disk_uuid}\n"
                  f"start=4096, size=4096, uuid={partition_uuid}\n")
        new = sparse(directory / "disk", 8 * MIB)
        subprocess.run(["/usr/sbin/sfdisk", "--quiet", new], input=script, text=True, check=True)
        new.rename(path)
    return path


class Machine:
    """Its files are below `root`; `made` holds the disks that all machines begin with."""

    def __init__(self, root, image, made):
        self.root, self.image, self.made = root, image, made
        self.disks = {}
        self.variables = root.parent / "efivars"
        self.variables.mkdir()
        self.env = {"FASTBOOTCTL_ROOT": str(root), "EFIVARFS_PATH": f"{self.variables}/"}
        self.secure_boot(False)
        self.write("sys/class/block/none/size", "0\n")
        self.memory(MEMORY)
        self.runtime(RUNTIME)
        self.write("sys/firmware/efi/runtime", f"{RUNTIME:#x}\n")
        self.write("sys/firmware/dmi/tables/DMI", smbios_table())
        self.write("sys/firmware/dmi/tables/smbios_entry_point", smbios_entry(len(smbios_table())))
        for name, data in TABLES.items():
            self.write(f"sys/firmware/acpi/tables/{name}", data)
        for name in ("data", "dynamic"):
            (root / "sys/firmware/acpi/tables" / name).mkdir()
        self.write("sys/bus/pci/devices/0000:00:1f.2/config", config_space())
        self.write("sys/bus/pci/devices/0000:01:10.0/config", config_space(0x10ed))
        (root / "sys/bus/pci/devices/0000:01:10.0/physfn").symlink_to("../0000:00:1f.2")
        self.mounts("/dev/vdb1 /data ext4 ro,relatime 0 0\n")
        self.add_disk("vda", "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d1000", OTHER)
        self.add_disk("vdb", "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d2000", DATA)

    def path(self, name):
        return self.root / name

    def secure_boot(self, on):
        efi_variable(self.variables, "SecureBoot", EFI_GLOBAL, bytes([on]))

    def write(self, name, data):
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)

    def memory(self, ranges):
        shutil.rmtree(self.path("sys/firmware/memmap"), ignore_errors=True)
        # Out of order: sysfs guarantees no order.
        for number, (start, end, kind) in enumerate(reversed(ranges)):
            for name, text in (("start", f"{start:#x}"), ("end", f"{end:#x}"), ("type", kind)):
                self.write(f"sys/firmware/memmap/{number}/{name}", text + "\n")

    def runtime(self, phys, pages=16):
        regions = [(6, phys, pages, 0x800000000000000f), (4, 0x100000, 2, 0x800000000000000f)]
        for number, region in enumerate(regions):
            for name, value in zip(("type", "phys_addr", "num_pages", "attribute"), region):
                self.write(f"sys/firmware/efi/runtime-map/{number}/{name}", f"{value:#x}\n")

    def mounts(self, text):
        self.write("proc/mounts", text)

    def add_disk(self, name, disk_uuid, partition_uuid):
        path = self.path(f"dev/{name}")
        path.parent.mkdir(exist_ok=True)
        copy(partitioned(self.made, disk_uuid, partition_uuid), path)
        with open(path, "r+b") as file:
            file.seek(DATA_AT + 1024)
            file.write(name.encode() * 200)
        self.write(f"sys/class/block/{name}/size", f"{8 * MIB // 512}\n")
        self.path(f"sys/class/block/{name}/device").mkdir()
        # Neither is a drive, and neither must count as a second one.
        for other in (f"{name}1", f"dm-{name}"):
            self.write(f"sys/class/block/{other}/size", "4096\n")
            self.path(f"dev/{other}").symlink_to(path)

    def proof(self, disk, part, kind, flags, offset, size):
        at = offset if flags else offset + DATA_AT
        data = self.path(f"dev/{disk}").read_bytes()[at:at + size]
        return f"{uuid.UUID(part).bytes_le.hex()}:{kind}:{flags}:{offset}:{size}:{digest(data)}"

    def proofs(self):
        return [self.proof("vdb", DATA, PARTITION_TABLE, WHOLE_DISK, 512, 512),
                self.proof("vdb", DATA, EXT_SUPER, 0, 1024, 1024),
                self.proof("vda", OTHER, EXT_SUPER, 0, 1024, 1024)]

    def take_image(self, slot=0, generation=1, options=()):
        """Puts an image of the machine as it is now into a slot; returns its regions."""
        words = [word for item in items()
                 for word in ("--item", ":".join(map(str, item)))]
        words += [word for proof in self.proofs() for word in ("--proof", proof)]
        return put_image(self.image, slot, generation, "", "--processor", *words, *options)

    def simulate(self, *options, status=0):
        """Returns the JSON, after checking that the text has the same verdict."""
        args = ("simulate", *(options or ("--this-boot",)), self.image)
        text, err = ctl(*args, status=status, env=self.env)
        answer = json_of(*args, status=status, env=self.env)
        assert ("verdict" in answer) == ("verdict: " in text)
        if status:
            assert f"fastbootctl: {answer['error']['code']}: " in err
        else:
            slot, generation = answer["slot"].upper(), answer["generation"]
            assert re.search(f"^verdict: .*slot {slot}, generation {generation}", text, re.M)
        return answer

    def refuses(self, code, *options):
        answer = self.simulate(*options, status=1)
        assert answer["verdict"]["restore"] is False
        assert answer["verdict"]["code"] == answer["error"]["code"] == code, answer
        assert answer["verdict"]["advice"] == answer["error"]["advice"]
        return answer["verdict"]

    def verify(self, *options, status=0):
        text, err = ctl("verify", *options, self.image, status=status, env=self.env)
        return text, err, json_of("verify", *options, self.image, status=status, env=self.env)


def change_file(name, at):
    def change(machine):
        flip(machine.path(name), at)
    return change


def write_file(name, data):
    return lambda machine: machine.write(name, data)


def remove_file(name):
    return lambda machine: machine.path(name).unlink()
