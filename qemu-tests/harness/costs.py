# SPDX-License-Identifier: GPL-2.0-or-later
"""How long each test file takes, from docs/testing.md, and the order that follows from it."""

import functools
import re
from pathlib import Path

from xdist.scheduler import LoadFileScheduling

from .paths import DOCS

WHERE = "docs/testing.md, \"What each file takes\","
BUDGET = 25 * 60  # seconds of `make qemu-test`, on two quiet cores

ROW = re.compile(r"^\| `(test_\w+\.py)` \| (default|full) \| (\d+) \|", re.M)


@functools.lru_cache(maxsize=None)
def read():
    """{file: (tier, seconds of one process)}."""
    return {name: (tier, int(seconds))
            for name, tier, seconds in ROW.findall((DOCS / "testing.md").read_text())}


def row(path):
    """(tier, seconds) of a test file; ("?", 0) if the table does not have it."""
    return read().get(Path(path).name, ("?", 0))


class ByCost(LoadFileScheduling):
    """Hands the files out to the processes, the longest first.

    xdist hands them out in the order of the tests, since 3.2 by the number of tests.
    """

    def _assign_work_unit(self, node):
        longest = max(self.workqueue, key=lambda path: row(path)[1])
        self.workqueue.move_to_end(longest, last=False)
        super()._assign_work_unit(node)
