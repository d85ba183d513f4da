# SPDX-License-Identifier: GPL-2.0-or-later
"""Unified kernel images: kernel, initrd and command line in one EFI program, as ukify makes them.

ukify itself is in Debian 13 only; what it does is in systemd-stub(7).
"""

from . import mok
from .paths import STUB, host

ALIGNMENT = 0x10000     # more than any stub's


def make(path, kernel, initrd, command_line):
    """Write a signed one; initrd: None for one without."""
    line, bare = path.with_suffix(".cmdline"), path.with_suffix(".bare")
    line.write_text(command_line)
    sections = {".osrel": "/usr/lib/os-release", ".cmdline": line, ".initrd": initrd,
                ".linux": kernel}
    at = _end(STUB)
    arguments = []
    for name, content in sections.items():
        if content is None:
            continue
        at = -(-at // ALIGNMENT) * ALIGNMENT
        arguments += ["--add-section", f"{name}={content}",
                      "--set-section-flags", f"{name}=data,readonly",
                      "--change-section-vma", f"{name}={at:#x}"]
        at += _size(content)
    host("objcopy", *arguments, STUB, bare)
    mok.sign(bare, path)
    line.unlink()
    bare.unlink()


def _size(path):
    return int(host("stat", "-L", "-c", "%s", path))


def _end(program):
    """The first address behind its sections."""
    rows = [row.split() for row in host("objdump", "-h", program).splitlines()]
    return max(int(row[2], 16) + int(row[3], 16) for row in rows
               if len(row) == 7 and row[0].isdigit())
