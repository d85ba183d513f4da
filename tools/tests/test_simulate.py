# SPDX-License-Identifier: GPL-2.0-or-later
"""fastbootctl simulate: an image, and the machine on which it was taken."""
import shutil
import uuid

import pytest

from machine import (
    DATA, MEMORY, RAM, RUNTIME, acpi_table, change_file, config_space, items, madt,
    remove_file, smbios_table, write_file)
from tool import BLOCK, SIZE, boot_entry, ctl, flip, json_of, put_image, refused


def test_would_restore(machine):
    answer = machine.simulate()
    assert answer["verdict"] == {"restore": True}
    assert answer["slot"] == "a" and answer["generation"] == 1
    pages = 300 + 400 + 212 + 256 + 256 + 33
    assert answer["pages"] == {"free": pages, "busy": 0, "spare": RAM // BLOCK - pages}
    assert [(row["device"].rsplit("/", 1)[-1], row["status"]) for row in answer["proofs"]] == [
        ("vdb", "ok"), ("vdb1", "ok"), ("vda1", "ok")]
    gaps = [row["what"] for row in answer["not_compared"]]
    assert gaps == ["what the firmware itself uses until the kernel starts",
                    "ACPI table 0, XSDT", "the content of 4 ACPI tables"]
    assert answer["passed_over"] == [] and "error" not in answer
    out, _ = ctl("simulate", "--this-boot", machine.image, env=machine.env)
    assert f"ext2/3/4 superblock of {DATA}, /dev/vdb1: ok" in out


def test_would_restore_found_by_itself(machine):
    name = machine.path("dev/vda2")
    name.symlink_to(machine.image)
    machine.write("sys/class/block/vda2/size", f"{SIZE // 512}\n")
    answer = json_of("simulate", "--this-boot", env=machine.env)
    assert (answer["device"], answer["slot"]) == (str(name), "a")


def test_chooses_as_the_loader(machine):
    machine.take_image(1, 2, ("--attempts", "3"))
    answer = machine.simulate()
    assert answer["slot"] == "a"
    assert answer["passed_over"] == [{"slot": "b", "code": "slot-quarantined"}]
    machine.refuses("slot-quarantined", "--this-boot", "--slot", "b")
    machine.take_image(1, 2)
    answer = machine.simulate()
    assert answer["slot"] == "b" and answer["passed_over"] == []
    assert machine.simulate("--this-boot", "--slot", "a")["slot"] == "a"


def test_seal_and_secure_boot(machine):
    """The loader's first question: may this image be looked at, as Secure Boot is now?"""
    machine.secure_boot(True)
    machine.refuses("unsealed")
    machine.take_image(0, 1, ("--sealed", "secure"))
    assert machine.simulate()["verdict"] == {"restore": True}
    machine.secure_boot(False)
    machine.refuses("sealed")
    machine.take_image(0, 1, ("--sealed", "open"))
    machine.refuses("sealed")  # no boot entry asks for it
    boot_entry(machine.variables, "seal=always")
    assert machine.simulate()["verdict"] == {"restore": True}
    machine.take_image(0, 1)
    machine.refuses("unsealed")
    machine.take_image(0, 1, ("--sealed", "open"))
    machine.secure_boot(True)
    machine.refuses("not-authentic")
    shutil.rmtree(machine.variables)
    gap = {"what": "whether the image must be sealed", "why": "there are no EFI variables"}
    assert gap in machine.simulate()["not_compared"]


def test_a_sealed_image(machine):
    """What the tool cannot know is in the list of what was not compared."""
    assert machine.simulate()["sealed"] is None
    machine.take_image(0, 1, ("--sealed", "secure"))
    machine.secure_boot(True)
    answer = machine.simulate()
    assert answer["verdict"] == {"restore": True}
    assert (answer["sealed"], answer["authenticity_checked"]) == ("secure", False)
    gap = "authenticity, and what the loader has restored before"
    assert answer["not_compared"][0] == {"what": gap, "why": "the key is in the firmware"}
    out, _ = ctl("simulate", "--this-boot", machine.image, env=machine.env)
    assert f"  sealed (secure)\n  not compared: {gap} (the key is in the firmware)\n" in out


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
    """It is not compared, and the answer says so."""
    path = machine.path(name)
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    answer = machine.simulate()
    assert NOT_SHOWN[name] in [row["what"] for row in answer["not_compared"]]


def test_a_duplicate_table_is_shown_once(machine):
    machine.path(f"{ACPI}/SSDT2").unlink()
    machine.path(f"{ACPI}/SSDT1").rename(machine.path(f"{ACPI}/SSDT"))
    answer = machine.simulate()
    assert "ACPI table 6, SSDT" in [row["what"] for row in answer["not_compared"]]


def test_hole_in_memory(machine):
    """Reserved or absent today, where the image has pages: the same code as the loader's."""
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
    """A restore needs 64 MiB beside the image; memory may shrink by half of that."""
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
    answer = machine.simulate("--memmap", write_map(machine, text))
    assert answer["pages"]["busy"] == 0
    firmware = "what the firmware itself uses until the kernel starts"
    assert firmware not in [row["what"] for row in answer["not_compared"]]
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
    answer = json_of("simulate", "--memmap", path, machine.image, status=status, env=machine.env)
    assert answer["error"]["code"] == code and "verdict" not in answer


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
