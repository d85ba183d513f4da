# SPDX-License-Identifier: GPL-2.0-or-later
"""simulate, and the proofs of verify: an image, and a machine made of files that it was taken on.

What the fingerprint of that machine must be is worked out here, from the specifications.
"""
import json
import shutil
import struct
import subprocess
import uuid

import pytest
import xxhash

from test_cli import (  # noqa: F401
    BLOCK, MIB, SIZE, copy, ctl, flip, partition, put_image, refused, sparse)

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
# In the order of the walk: the root table, what it lists, and below the FADT what that names.
WALK = ("XSDT", "FACP", "FACS", "DSDT", "APIC", "SSDT1", "SSDT2")


def acpi_items():
    for index, name in enumerate(WALK):
        data = TABLES.get(name, acpi_table(b"XSDT", bytes(32)))
        told = 0xabc0 + index
        if name == "DSDT":
            told = digest(data + struct.pack("<Q", DSDT_AT))
        if name == "FACS":
            told = digest(data[8:12] + struct.pack("<Q", FACS_AT))
        signature, length = struct.unpack_from("<II", data)
        yield 4, index, signature | length << 32, told


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
    """A disk with one partition, in a directory where it may have been made before."""
    path = directory / f"disk-{disk_uuid}"
    if not path.exists():
        script = (f"label: gpt\nlabel-id: {disk_uuid}\n"
                  f"start=4096, size=4096, uuid={partition_uuid}\n")
        new = sparse(directory / "disk", 8 * MIB)
        subprocess.run(["/usr/sbin/sfdisk", "--quiet", new], input=script, text=True, check=True)
        new.rename(path)
    return path


class Machine:
    """Its files below `root`, and the image's; what all machines begin with is in `made`."""

    def __init__(self, root, image, made):
        self.root, self.image, self.made = root, image, made
        self.disks = {}
        self.env = {"FASTBOOTCTL_ROOT": str(root)}
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

    def write(self, name, data):
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)

    def memory(self, ranges):
        shutil.rmtree(self.path("sys/firmware/memmap"), ignore_errors=True)
        # In no order: sysfs has none.
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
        # Neither is a drive, and neither must be taken for a second one.
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
        """Its regions, and in the image the machine as it is now."""
        words = [word for item in items()
                 for word in ("--item", ":".join(map(str, item)))]
        words += [word for proof in self.proofs() for word in ("--proof", proof)]
        return put_image(self.image, slot, generation, "", "--processor", *words, *options)

    def simulate(self, *options, status=0):
        """Both forms say the same; the JSON."""
        args = ("simulate", *(options or ("--this-boot",)), self.image)
        text, err = ctl(*args, status=status, env=self.env)
        told = json.loads(ctl(*args, "--json", status=status, env=self.env)[0])
        words = "would restore slot" if status == 0 else "would refuse"
        assert ("verdict" in told) == (words in text)
        if status:
            assert f"fastbootctl: {told['error']['code']}: " in err
        return told

    def refuses(self, code, *options):
        told = self.simulate(*options, status=1)
        assert told["verdict"]["restore"] is False
        assert told["verdict"]["code"] == told["error"]["code"] == code, told
        assert told["verdict"]["advice"] == told["error"]["advice"]
        return told["verdict"]

    def verify(self, *options, status=0):
        text, err = ctl("verify", *options, self.image, status=status, env=self.env)
        out, _ = ctl("verify", "--json", *options, self.image, status=status, env=self.env)
        return text, err, json.loads(out)


@pytest.fixture
def machine(tmp_path, tmp_path_factory, partition):  # noqa: F811
    machine = Machine(tmp_path / "root", partition(), tmp_path_factory.getbasetemp())
    machine.regions = machine.take_image()
    return machine


# simulate

def test_would_restore(machine):
    told = machine.simulate()
    assert told["verdict"] == {"restore": True}
    assert told["slot"] == "a" and told["generation"] == 1
    pages = 300 + 400 + 212 + 256 + 256 + 33
    assert told["pages"] == {"free": pages, "busy": 0, "spare": RAM // BLOCK - pages}
    assert [(row["device"].rsplit("/", 1)[-1], row["status"]) for row in told["proofs"]] == [
        ("vdb", "ok"), ("vdb1", "ok"), ("vda1", "ok")]
    gaps = [row["what"] for row in told["not_compared"]]
    assert gaps == ["what the firmware itself uses until the kernel starts",
                    "ACPI table 0, XSDT", "the content of 4 ACPI tables"]
    assert told["passed_over"] == [] and "error" not in told
    out, _ = ctl("simulate", "--this-boot", machine.image, env=machine.env)
    assert f"ext2/3/4 superblock of {DATA}, /dev/vdb1: ok" in out
    assert "verdict: the loader would restore slot A, generation 1" in out


def test_would_restore_found_by_itself(machine):
    name = machine.path("dev/vda2")
    name.symlink_to(machine.image)
    machine.write("sys/class/block/vda2/size", f"{SIZE // 512}\n")
    out, _ = ctl("simulate", "--this-boot", env=machine.env)
    assert out.startswith(f"{name}: slot A")


def test_chooses_as_the_loader(machine):
    machine.take_image(1, 2, ("--attempts", "3"))
    told = machine.simulate()
    assert told["slot"] == "a"
    assert told["passed_over"] == [{"slot": "b", "code": "slot-quarantined"}]
    machine.refuses("slot-quarantined", "--this-boot", "--slot", "b")
    machine.take_image(1, 2)
    told = machine.simulate()
    assert told["slot"] == "b" and told["passed_over"] == []
    assert machine.simulate("--this-boot", "--slot", "a")["slot"] == "a"


def test_no_image(machine):
    ctl("invalidate", "--yes", machine.image)
    machine.refuses("slot-empty")
    machine.take_image(0, 1, ("--once", "--restores", "1", "--consumed"))
    machine.refuses("slot-consumed")


def test_torn_image(machine):
    flip(machine.image, machine.regions["page-index"][0] + 8)
    machine.refuses("section-checksum")
    flip(machine.image, machine.regions["slot-header"][0] + 64)
    machine.refuses("slot-checksum")


def change_file(name, at):
    def change(machine):
        flip(machine.path(name), at)
    return change


def write_file(name, data):
    return lambda machine: machine.write(name, data)


def remove_file(name):
    return lambda machine: machine.path(name).unlink()


ACPI = "sys/firmware/acpi/tables"
PCI = "sys/bus/pci/devices"
CHANGES = {
    "another-machine": (write_file("sys/firmware/dmi/tables/DMI", smbios_table(uuid.UUID(int=7))),
                        "machine-id"),
    "cpu-count": (write_file(f"{ACPI}/APIC", madt(3)), "cpu-count"),
    "dsdt": (change_file(f"{ACPI}/DSDT", 40), "acpi-tables"),
    "facs-hardware-signature": (change_file(f"{ACPI}/FACS", 8), "acpi-tables"),
    "dsdt-moved": (change_file(f"{ACPI}/FACP", 140), "acpi-tables"),
    "table-longer": (write_file(f"{ACPI}/SSDT1", acpi_table(b"SSDT", b"three")), "acpi-tables"),
    "table-new": (write_file(f"{ACPI}/HPET", acpi_table(b"HPET", bytes(20))), "acpi-tables"),
    "table-gone": (remove_file(f"{ACPI}/FACP"), "acpi-tables"),
    "pci-changed": (write_file(f"{PCI}/0000:00:1f.2/config", config_space(0x2923)), "pci-devices"),
    "pci-new": (write_file(f"{PCI}/0000:00:03.0/config", config_space()), "pci-devices"),
    "memory": (lambda machine: machine.memory(MEMORY[:-1]), "ram-size"),
    "runtime-map": (lambda machine: machine.runtime(RUNTIME + 0x10000), "efi-runtime-map"),
    "runtime-map-longer": (lambda machine: machine.runtime(RUNTIME, 17), "efi-runtime-map"),
    "runtime-table": (write_file("sys/firmware/efi/runtime", "0x3f000018\n"), "efi-runtime-table"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_another_machine(machine, name):
    change, code = CHANGES[name]
    change(machine)
    machine.refuses(code)


NOT_SHOWN = {
    "sys/firmware/dmi": "machine", "sys/firmware/acpi": "ACPI table",
    "sys/bus/pci": "PCI device", "sys/firmware/efi/runtime-map": "the EFI runtime map",
    "sys/firmware/efi/runtime": "the EFI runtime services table"}


@pytest.mark.parametrize("name", NOT_SHOWN)
def test_what_linux_does_not_show(machine, name):
    """It is passed over, and said."""
    path = machine.path(name)
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    told = machine.simulate()
    assert NOT_SHOWN[name] in [row["what"] for row in told["not_compared"]]


def test_a_table_that_is_there_twice_is_shown_once(machine):
    machine.path(f"{ACPI}/SSDT2").unlink()
    machine.path(f"{ACPI}/SSDT1").rename(machine.path(f"{ACPI}/SSDT"))
    told = machine.simulate()
    assert "ACPI table 6, SSDT" in [row["what"] for row in told["not_compared"]]


def test_hole_in_memory(machine):
    """Reserved today, or not there at all, where the image has pages: the loader's code."""
    for kind in ("Reserved", "ACPI Tables", "Unusable memory", "something new", None):
        hole = [(0x2001000, 0x2001fff, kind)] if kind else []
        machine.memory([*MEMORY[:3], (0x100000, 0x2000fff, "System RAM"), *hole,
                        (0x2002000, 0x3effffff, "System RAM"), *MEMORY[4:]])
        verdict = machine.refuses("page-not-free")
        assert verdict["golden"] == "0x2001000" and verdict["object"] == "page"
        names = {"ACPI Tables": "ACPI_Recl", "Unusable memory": "Unusable",
                 None: "not in the map"}
        assert verdict["memory"] == names.get(kind, "Reserved")


def test_half_a_page_is_none(machine):
    machine.memory([*MEMORY[:3], (0x100000, 0x2001dff, "System RAM"),
                    (0x2001e00, 0x3effffff, "System RAM"), *MEMORY[4:]])
    assert machine.refuses("page-not-free")["golden"] == "0x2001000"


def test_no_room(machine):
    """64 MiB beside the image; RAM may differ by half of that."""
    small = [(0x0, 0x9fbff, "System RAM"), (0x100000, 0x4ffffff, "System RAM"), MEMORY[4],
             (0x100000000, 0x1001fffff, "System RAM")]
    ram = sum((end + 1) // BLOCK - start // BLOCK for start, end, kind in small
              if kind == "System RAM") * BLOCK
    machine.memory(small)
    words = [word for item in items()
             for word in ("--item", ":".join(map(str, (3, 0, ram, 0) if item[0] == 3 else item)))]
    put_image(machine.image, 0, 1, "", "--processor", *words, "--proof", machine.proofs()[1])
    assert machine.simulate()["pages"]["spare"] >= 64 * 256
    machine.memory([small[0], (0x100000, 0x41fffff, "System RAM"), *small[2:]])
    machine.refuses("no-memory")


# memory maps in files

def map_lines(machine):
    kinds = {"System RAM": "Available", "Reserved": "Reserved", "ACPI Tables": "ACPI_Recl",
             "ACPI Non-volatile Storage": "10"}
    rows = [(start, end, kinds[kind]) for start, end, kind in MEMORY if start != RUNTIME]
    rows.append((RUNTIME, RUNTIME + 0xffff, "RT_Data"))
    return rows


def write_map(machine, text):
    path = machine.root / "map"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_map_in_a_file(machine):
    shutil.rmtree(machine.path("sys/firmware/memmap"))
    text = "# the machine's\n\n" + "".join(
        f"{start:#x} {end:x}\t{kind} # why not\n" for start, end, kind in map_lines(machine))
    told = machine.simulate("--memmap", write_map(machine, text))
    assert told["pages"]["busy"] == 0
    firmware = "what the firmware itself uses until the kernel starts"
    assert firmware not in [row["what"] for row in told["not_compared"]]
    # 300 of the image's pages begin at 1 MiB.
    rest = text.replace("0x100000 3effffff\tAvailable",
                        "0x100000 10ffff BS_Data\n0x110000 3effffff Available")
    assert machine.simulate("--memmap", write_map(machine, rest))["pages"]["busy"] == 16
    without = text.replace("RT_Data", "Reserved")
    machine.refuses("efi-runtime-map", "--memmap", write_map(machine, without))


def test_map_of_the_shell(machine):
    rows = "".join(
        f"{kind if kind != '10' else 'ACPI_NVS':10} {start:016X}-{end:016X} "
        f"{(end + 1 - start) // BLOCK:016X} {15 | (kind == 'RT_Data') << 63:016X}\r\n"
        for start, end, kind in map_lines(machine) if (end + 1) % BLOCK == 0)
    rows += f"Available  {0:016X}-{0x9efff:016X} {0x9f:016X} {15:016X}\r\n"
    text = ("Type       Start            End              # Pages          Attributes\r\n" + rows +
            " \r\n  Reserved  :             16 Pages (65,536 Bytes)\r\n"
            "  Available :        516,094 Pages (2,113,921,024 Bytes)\r\n"
            "Total Memory: 2,016 MB (2,113,921,024 Bytes)\r\n")
    machine.simulate("--memmap", write_map(machine, text))


MALFORMED = [
    "", "# nothing\n", "0 fff\n", "0 fff Available 0 more\n", "0 fff Free\n", "x fff Available\n",
    "1000 fff Available\n", "0 fff Available\n3000 2fff Available\n",
    "0 fff Available\n0 fff Reserved\n", "-1 fff Available\n",
    "0 1fff Available\n1000 2fff Available\n", "0 ffffffffffffffff Available\n",
    "0 1ffffffffffffffff Available\n", "0 fff 4294967296\n", "0 fff -7\n", "0 fff Available x\n",
    "Available 0-fff 1\n", "Available fff 1 f\n", "Nonsense 0-fff 1 f\n", "Available -fff 1 f\n",
    "Available " + "0" * 40 + "-fff 1 f\n", "0 fff Available\0\n",
    b"\xff\xfe0\0 \0f\0f\0f\0", "".join(f"{n * 0x2000:x} {n * 0x2000 + 0xfff:x} 7\n"
                                        for n in range(4097)), "#" * ((1 << 20) + 1)]


@pytest.mark.parametrize("number", range(len(MALFORMED)))
def test_malformed_map(machine, number):
    path = write_map(machine, MALFORMED[number])
    code, status = ("memmap-invalid", 2)
    if len(MALFORMED[number]) > 1 << 20:
        code, status = ("open-failed", 3)
    refused(code, "simulate", "--memmap", path, machine.image, status=status, env=machine.env)
    out, _ = ctl("simulate", "--json", "--memmap", path, machine.image, status=status,
                 env=machine.env)
    assert json.loads(out)["error"]["code"] == code and "verdict" not in json.loads(out)


def test_no_map(machine):
    shutil.rmtree(machine.path("sys/firmware/memmap"))
    refused("no-memmap", "simulate", "--this-boot", machine.image, env=machine.env)
    refused("open-failed", "simulate", "--memmap", machine.root / "none", machine.image, status=3,
            env=machine.env)
    for name, text in (("start", "lots"), ("end", ""), ("type", None)):
        machine.memory(MEMORY)
        if text is None:
            machine.path(f"sys/firmware/memmap/2/{name}").unlink()
        else:
            machine.write(f"sys/firmware/memmap/2/{name}", text)
        refused("memmap-invalid", "simulate", "--this-boot", machine.image, status=2,
                env=machine.env)


# the disks, for simulate and for verify

def shrink(machine):
    with open(machine.path("dev/vdb"), "r+b") as file:
        file.truncate(DATA_AT - 1024)


def clone(machine):
    machine.add_disk("vdc", "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d3000", DATA)


def rename_partition(machine):
    subprocess.run(["/usr/sbin/sfdisk", "--quiet", "--part-label", machine.path("dev/vdb"), "1",
                    "renamed"], check=True)


DISKS = {
    "changed": (change_file("dev/vdb", DATA_AT + 1500), "fs-changed", [1], None),
    "elsewhere": (change_file("dev/vdb", DATA_AT + 5000), None, [], None),
    "gone": (remove_file("dev/vdb"), "disk-missing", [0, 1], "not found"),
    "twice": (clone, "disk-missing", [0, 1], "is there twice"),
    "renamed": (rename_partition, "partition-table", [0], None),
    "first-disk": (change_file("dev/vda", DATA_AT + 1024), "fs-changed", [2], None),
}


@pytest.mark.parametrize("name", DISKS)
def test_disks(machine, name):
    change, code, refused_proofs, why = DISKS[name]
    change(machine)
    text, err, told = machine.verify("--proofs", status=1 if code else 0)
    slot = told["slots"][0]
    assert slot["good"] is True and slot["proofs_compared"] is True
    assert "slot A: good" in text
    assert [i for i, row in enumerate(slot["proofs"]) if row["status"] != "ok"] == refused_proofs
    assert {row["why"] for row in slot["proofs"] if row["status"] != "ok"} <= {why}
    if not code:
        machine.simulate()
        return
    assert told["error"]["code"] == code and f"fastbootctl: {code}: " in err
    verdict = machine.refuses(code)
    assert verdict["index"] == refused_proofs[0] and verdict["field"] == why
    assert verdict["partition"] == (OTHER if name == "first-disk" else DATA)


def test_disk_cut_short(machine):
    shrink(machine)
    _, _, told = machine.verify("--proofs", status=1)
    assert {row["status"] for row in told["slots"][0]["proofs"]} >= {"disk-missing", "ok"}
    machine.refuses("disk-missing")


def test_what_is_mounted_writable_is_said(machine):
    change_file("dev/vdb", DATA_AT + 1500)(machine)
    assert "mounted read-write" not in machine.verify("--proofs", status=1)[0]
    machine.mounts("/dev/vda1 / ext4 ro 0 0\n/dev/vdb1 /my\\040data ext4 rw,relatime 0 0\n")
    text, _, told = machine.verify("--proofs", status=1)
    assert "It is mounted read-write at /my data" in text
    assert [row["mounted_read_write"] for row in told["slots"][0]["proofs"]] == [
        None, "/my data", None]


def test_images_in_files(machine):
    """Are mostly another machine's."""
    machine.path("dev/vdb").unlink()
    text, _, told = machine.verify()
    assert "the disks were not compared: the image is in a file" in text
    assert told["slots"][0]["proofs_compared"] is False and "proofs" not in told["slots"][0]
    text, _, _ = machine.verify("--no-proofs")
    assert "were not compared: --no-proofs" in text
    machine.verify("--proofs", status=1)


def test_an_image_that_was_restored_is_not_held_to_its_disks(machine):
    change_file("dev/vdb", DATA_AT + 1500)(machine)
    machine.take_image(0, 1, ("--once", "--restores", "1", "--consumed"))
    change_file("dev/vdb", DATA_AT + 1500)(machine)
    text, _, told = machine.verify("--proofs")
    assert "the image has had its restore" in text
    assert told["slots"][0]["usable"] == "slot-consumed"


# mark-good, of the image that runs

def attempts(machine):
    return json.loads(ctl("inspect", "--json", machine.image)[0])["slots"][0]["attempts"]


@pytest.fixture
def restored(machine):
    machine.take_image(0, 1, ("--attempts", "1"))
    machine.write("sys/power/fastboot_snapshot", "restored generation=1 restores=1\n")
    return machine


def test_good_with_its_disks(restored):
    restored.write("dev/vdb", restored.path("dev/vdb").read_bytes()[:-1] + b"\1")
    out, _ = ctl("mark-good", restored.image, env=restored.env)
    assert out == "slot A: generation 1 is good\n"
    assert attempts(restored) == 0


def disk_gone(machine):
    shutil.rmtree(machine.path("sys/class/block/vdb"))


def disk_cut_short(machine):
    with open(machine.path("dev/vdb"), "r+b") as file:
        file.truncate(DATA_AT + 1024)


@pytest.mark.parametrize("harm", [disk_gone, disk_cut_short])
def test_not_good_without_its_disks(restored, harm):
    """What a program does from its caches alone goes on all the same."""
    harm(restored)
    err = refused("disk-missing", "mark-good", restored.image, env=restored.env)
    assert DATA in err
    assert attempts(restored) == 1
    ctl("mark-good", "--slot", "a", restored.image, env=restored.env)  # who names it has looked
    assert attempts(restored) == 0
