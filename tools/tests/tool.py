# SPDX-License-Identifier: GPL-2.0-or-later
"""fastbootctl and mkimage for the tests, and helpers that read or change their files."""
import functools
import json
import os
import pathlib
import re
import struct
import subprocess

import fbimage  # the independent decoder
from served import Program

TOOLS = pathlib.Path(__file__).parents[1]
MANUALS = sorted(page.name for page in TOOLS.glob("*.[1-9]"))
FASTBOOTCTL = os.environ["FASTBOOTCTL"]
SERVED = Program(FASTBOOTCTL)
MKIMAGE = Program(os.environ["MKIMAGE"])

MIB = 1 << 20
SIZE = 8 * MIB  # two slots, each with space for mkimage's image
BLOCK = 4096
SWAP_MIN = 10 * BLOCK


def ctl(*args, status=0, env=None):
    """Runs fastbootctl and checks its exit status; returns (stdout, stderr)."""
    if env and "EFIVARFS_PATH" in env:  # libefivar reads it before main
        done = subprocess.run([FASTBOOTCTL, *map(str, args)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60,
                              env={**os.environ, **env})
    else:
        done = SERVED.run(args, env)
    assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
    assert done.returncode == status, (args, done.returncode, done.stdout, done.stderr)
    return done.stdout, done.stderr


def refused(code, *args, status=1, env=None):
    """The last line of a refusal, whose code must be `code`."""
    _, err = ctl(*args, status=status, env=env)
    lines = [line for line in err.splitlines() if "warning" not in line]
    assert lines and lines[-1].startswith(f"fastbootctl: {code}: "), err
    assert "; " in lines[-1], "no advice"
    return lines[-1]


def json_of(*args, status=0, env=None):
    """The object on standard output; its error is the first line on stderr."""
    out, err = ctl(*args, "--json", status=status, env=env)
    data = json.loads(out)
    lines = [line for line in err.splitlines() if "warning" not in line]
    if status:
        error = data["error"]
        assert set(error) == {"code", "message", "advice"}
        assert lines[0] == "fastbootctl: {code}: {message}; {advice}".format(**error)
    else:
        assert "error" not in data and not lines
    return data


def sparse(path, size):
    with open(path, "wb") as file:
        file.truncate(size)
    return path


def copy(source, path):
    """Like cp, but without a process, and keeps the holes of the source."""
    with open(source, "rb") as old, open(path, "wb") as new:
        size, at = os.fstat(old.fileno()).st_size, 0
        new.truncate(size)
        while at < size:
            try:
                at = os.lseek(old.fileno(), at, os.SEEK_DATA)
            except OSError:  # only a hole is left
                break
            end = os.lseek(old.fileno(), at, os.SEEK_HOLE)
            while at < end:
                at += os.copy_file_range(old.fileno(), new.fileno(), end - at, at, at)
    return path


def is_empty(data):
    """True if all bytes are zero."""
    return not any(data[at:at + MIB].strip(b"\0") for at in range(0, len(data), MIB))


def put_image(path, slot=0, generation=1, description="", *options):
    """Puts a sample image into a slot; returns its regions, name -> (offset, size)."""
    done = MKIMAGE.run([*options, path, slot, generation, description])
    assert done.returncode == 0, done.stderr
    rows = (line.split() for line in done.stdout.splitlines())
    return {name: (int(offset), int(size)) for name, offset, size in rows}


def flip(path, offset, bit=0):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1 << bit]))


def area_of(path):
    return json_of("inspect", path)["area"]


def attempts_of(path, slot=0):
    image = json_of("inspect", path)["slots"][slot]
    return image["restores"], image["attempts"]


def changed_bytes(before, after):
    """The offsets that differ; compares single bytes only in blocks that differ."""
    assert len(before) == len(after)
    return [at + i for at in range(0, len(before), BLOCK)
            if before[at:at + BLOCK] != after[at:at + BLOCK]
            for i, (a, b) in enumerate(zip(before[at:at + BLOCK], after[at:at + BLOCK])) if a != b]


def next_slot(path):
    with fbimage.Area.open(path) as area:
        slot = area.chosen()
        return "ab"[slot.index] if slot else None


def listed(*args, status=0, env=None):
    return json_of("list", *args, status=status, env=env)


def env_of(host):
    return {"FASTBOOTCTL_ROOT": str(host[0])}


EFI_GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c"


def efi_variable(directory, name, guid, data):
    (directory / f"{name}-{guid}").write_bytes(struct.pack("<I", 6) + data)


def boot_entry(directory, options):
    path = "\\EFI\\fastboot\\fastbootx64.efi\0".encode("utf-16-le")
    path = struct.pack("<BBH", 4, 4, 4 + len(path)) + path + bytes.fromhex("7fff0400")
    data = (struct.pack("<IH", 1, len(path)) + "Fast boot\0".encode("utf-16-le") + path
            + f"{options}\0".encode("utf-16-le"))
    (directory / f"Boot0003-{EFI_GLOBAL}").write_bytes(struct.pack("<I", 7) + data)


@functools.cache
def verb_options():
    """{verb: its options}, from the output of help."""
    verbs = re.findall(r"^  ([\w-]+) ", ctl("help")[0], re.M)
    assert {"prepare", "gates", "snapshot", "report", "help"} <= set(verbs)
    return {verb: re.findall(r"^  (--[a-z-]+)", ctl("help", verb)[0], re.M) for verb in verbs}
