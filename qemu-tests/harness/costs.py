# SPDX-License-Identifier: GPL-2.0-or-later
"""What each test file takes, as docs/testing.md says: the order in which they are dealt out."""

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
    """(tier, seconds) of a file."""
    return read().get(Path(path).name, ("?", 0))


class ByCost(LoadFileScheduling):
    """Deals the files out to the processes, those that cost most first.

    xdist itself does it in the order of the tests, from 3.2 on by their number.
    """

    def _assign_work_unit(self, node):
        dearest = max(self.workqueue, key=lambda path: row(path)[1])
        self.workqueue.move_to_end(dearest, last=False)
        super()._assign_work_unit(node)
