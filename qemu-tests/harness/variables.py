# SPDX-License-Identifier: GPL-2.0-or-later
"""A firmware's variables, read and written while its machine is off."""

import json
import shutil
import sys
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path

from . import disk, mok
from .paths import SECURE_BOOT, host

GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c"
SHIM = "605dab50-e046-4300-abb6-3dd810dd8b23"
FASTBOOT = "8ac4f28e-6d6f-4bd2-9e59-1a1cf66f2b35"

NON_VOLATILE, BOOT_SERVICE, RUNTIME = 1, 2, 4
EVERYWHERE = NON_VOLATILE | BOOT_SERVICE | RUNTIME

LOAD_OPTION_ACTIVE = 1
# UEFI 10.3.5.1: a partition of a GPT; 10.3.5.4: a file; 10.3.1: the end.
HARD_DRIVE, FILE_PATH, END = b"\x04\x01", b"\x04\x04", b"\x7f\xff"
IS_GPT, HAS_GUID = b"\x02", b"\x02"


@dataclass(frozen=True)
class Variable:
    name: str
    guid: str
    attributes: int
    data: bytes


@dataclass(frozen=True)
class BootEntry:
    number: int
    title: str
    file: str           # on the ESP, with backslashes
    options: str = ""   # the optional data, as text


def _virt_fw_vars(*words):
    tree = SECURE_BOOT / "debian/usr"
    host("env", f"PYTHONPATH={tree / 'lib/python3/dist-packages'}",
         sys.executable, "-B", tree / "bin/virt-fw-vars", *words)


def read(store):
    """{name: Variable}; volatile ones are gone with the power."""
    with tempfile.NamedTemporaryFile(suffix=".json") as listing:
        _virt_fw_vars("--input", store, "--output-json", listing.name)
        return {row["name"]: Variable(row["name"], row["guid"], row["attr"],
                                      bytes.fromhex(row["data"]))
                for row in json.load(listing)["variables"]}


def write(store, variables):
    """Create the variables, or replace those that are there, whatever their attributes."""
    rows = [{"name": variable.name, "guid": variable.guid, "attr": variable.attributes,
             "data": variable.data.hex()} for variable in variables]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as listing:
        json.dump({"version": 2, "variables": rows}, listing)
        listing.flush()
        _change(store, "--set-json", listing.name)


def without_loader(store):
    """Take the loader's entry out of the boot order."""
    found = read(store)
    order = found["BootOrder"].data
    numbers = [int.from_bytes(order[at:at + 2], "little") for at in range(0, len(order), 2)]
    kept = [number for number in numbers
            if _ucs2("Fast boot") not in found[f"Boot{number:04X}"].data]
    write(store, [Variable("BootOrder", GLOBAL, EVERYWHERE,
                           b"".join(number.to_bytes(2, "little") for number in kept))])


def delete(store, name):
    _change(store, "--delete", name)


def make(machine, store):
    """The variables of a new machine.

    With Secure Boot its owner's key is enrolled and the loader has an entry, as after `fastbootctl
    install --first`; Debian's own entry follows.  Without the product there is only that.
    """
    shutil.copy(machine.firmware.variables, store)
    if machine.firmware.own_keys:
        write(store, boot_in_order([loader_entry(machine), GRUB]))
        take_over(store, mok.CERTIFICATE)
    elif machine.firmware.secure and not machine.has_product:
        write(store, boot_in_order([DEBIAN]))
    elif machine.firmware.secure:
        write(store, boot_in_order([loader_entry(machine), DEBIAN]))
        enrol(store, mok.CERTIFICATE)


def loader_entry(machine, options=None):
    """The entry of the loader, which shim starts, or the firmware if that has the owner's key.

    options: others than the machine's own.

    shim takes the first word for the program, if it begins with \\EFI\\, and passes on the rest
    (rhboot/shim, load-options.c).
    """
    if options is None:
        options = f"{disk.area_option(machine)} {machine.loader or ''}"
    if machine.firmware.own_keys:
        return BootEntry(0x10, "Fast boot", _backslashes(disk.ON_ESP["loader"]), options.strip())
    words = f"{_backslashes(disk.ON_ESP['loader'])} {options}".strip()
    return BootEntry(0x10, "Fast boot", _backslashes(disk.ON_ESP["shim"]), words)


def _backslashes(place):
    return "\\" + place.replace("/", "\\")


DEBIAN = BootEntry(0x11, "debian", _backslashes(disk.ON_ESP["shim"]))
GRUB = BootEntry(0x12, "GRUB", _backslashes(disk.ON_ESP["grub"]))


def enrol(store, certificate):
    """Put a certificate (PEM) into shim's list of the machine owner's keys."""
    _change(store, "--add-mok", SHIM, certificate)


def take_over(store, certificate):
    """Make a certificate (PEM) the only key of Secure Boot, and switch that on."""
    _change(store, "--set-pk", SHIM, certificate, "--add-kek", SHIM, certificate,
            "--add-db", SHIM, certificate, "--secure-boot")


def _change(store, *words):
    changed = Path(store).with_suffix(".new")
    _virt_fw_vars("--input", store, "--output", changed, *words)
    changed.replace(store)


def boot_in_order(entries):
    """The Variables that make these the boot entries, tried in this order."""
    order = b"".join(entry.number.to_bytes(2, "little") for entry in entries)
    return [*map(boot_variable, entries), Variable("BootOrder", GLOBAL, EVERYWHERE, order)]


def boot_variable(entry):
    return Variable(f"Boot{entry.number:04X}", GLOBAL, EVERYWHERE, _load_option(entry))


def _load_option(entry):
    """EFI_LOAD_OPTION (UEFI 3.1.3)."""
    path = _on_esp() + _node(FILE_PATH, _ucs2(entry.file)) + _node(END)
    return (LOAD_OPTION_ACTIVE.to_bytes(4, "little") + len(path).to_bytes(2, "little")
            + _ucs2(entry.title) + path + (_ucs2(entry.options) if entry.options else b""))


def _on_esp():
    sector = 512
    start, size = disk.MIB // sector, disk.ESP_MIB * disk.MIB // sector
    return _node(HARD_DRIVE, disk.ESP.to_bytes(4, "little") + start.to_bytes(8, "little")
                 + size.to_bytes(8, "little") + uuid.UUID(disk.PARTUUID["esp"]).bytes_le
                 + IS_GPT + HAS_GUID)


def _node(kind, data=b""):
    return kind + (4 + len(data)).to_bytes(2, "little") + data


def _ucs2(text):
    return f"{text}\0".encode("utf-16-le")
