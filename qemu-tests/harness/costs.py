# SPDX-License-Identifier: GPL-2.0-or-later
"""What each test file takes, as docs/testing.md says: the order in which they are dealt out."""

import functools
import re

from .paths import DOCS

WHERE = "docs/testing.md, \"What each file takes\","
BUDGET = 25 * 60  # seconds of `make qemu-test`, on two quiet cores

ROW = re.compile(r"^\| `(test_\w+\.py)` \| (default|full) \| (\d+) \|", re.M)


@functools.lru_cache(maxsize=None)
def _rows():
    return {name: (tier, int(seconds))
            for name, tier, seconds in ROW.findall((DOCS / "testing.md").read_text())}


def read():
    """{file: seconds of one process in the default run}."""
    return {name: seconds for name, (_, seconds) in _rows().items()}


def row(name):
    """(tier, seconds) of a file."""
    return _rows().get(name, ("?", 0))
