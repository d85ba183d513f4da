# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's kernels, as listed in guest/kernels.table or $KERNEL_TABLE."""

import os
from dataclasses import dataclass
from pathlib import Path

from .paths import GUEST_SCRIPTS


@dataclass(frozen=True)
class Series:
    name: str
    release: str    # of Debian, its code name
    suite: str      # "-": the release with its security updates
    flavour: str
    compiler: str
    tier: str       # default or full
    cmdline: str    # words that the kernel needs on its command line; "": none


TABLE = Path(os.environ.get("KERNEL_TABLE", GUEST_SCRIPTS / "kernels.table"))


def _rows():
    for line in TABLE.read_text().splitlines():
        if line and not line.startswith("#"):
            *words, cmdline = line.split()
            yield Series(*words, "" if cmdline == "-" else cmdline)


SERIES = {row.name: row for row in _rows()}
