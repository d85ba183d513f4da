# SPDX-License-Identifier: GPL-2.0-or-later
"""A golden disk's image seen through the independent decoder."""

import sys
from contextlib import contextmanager

from . import disk
from .paths import QEMU_TESTS

sys.path.insert(0, str(QEMU_TESTS / "decoder"))

import fbimage  # noqa: E402  (its folder is no package)


@contextmanager
def golden_area(golden):
    """Yields (fbimage.Area, path of the raw disk); both are gone afterwards."""
    raw = golden.directory / "exported.raw"
    disk.export(golden.disk, raw)
    try:
        with fbimage.Area.open(raw, disk.area_offset(),
                               golden.machine.area_mib * disk.MIB) as area:
            yield area, raw
    finally:
        raw.unlink()
