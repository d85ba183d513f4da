# SPDX-License-Identifier: GPL-2.0-or-later
"""Waiting on the host for a condition instead of for a time."""

import time

from .vm import SCALE, GuestError


def wait_until(condition, what, timeout, pause=0.1):
    """The first true result of condition(); after the timeout a GuestError that names `what`.

    timeout: in seconds, times FASTBOOT_TIMEOUT_SCALE; pause: between two looks.
    """
    deadline = time.monotonic() + timeout * SCALE
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise GuestError(f"{what}: not within {timeout} s")
        time.sleep(pause)
