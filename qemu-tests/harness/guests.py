# SPDX-License-Identifier: GPL-2.0-or-later
"""Build the guests from what is in build/, no more often than needed."""

import fcntl
import functools
from contextlib import contextmanager

from .paths import (FASTBOOTCTL, GUEST_SCRIPTS, GUESTS, LOADER, SECURE_BOOT, hook_module,
                    host)


class NotBuilt(Exception):
    """A part of the product is missing; a test without it would prove nothing."""


@contextmanager
def locked(path):
    """Keep other processes from building the same files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@functools.lru_cache(maxsize=None)
def ensure_guest(guest, series):
    """Once a run: the product in the guest must be the one just built."""
    with locked(GUESTS / f"{guest}-{series}.lock"):
        host(GUEST_SCRIPTS / "fetch-kernels", series)
        host(GUEST_SCRIPTS / f"build-{guest}", series)


@functools.lru_cache(maxsize=None)
def ensure_secure_boot():
    """What starts a machine with Secure Boot before the loader, and its owner's key."""
    with locked(SECURE_BOOT / "fetch.lock"):
        host(GUEST_SCRIPTS / "fetch-secure-boot")
        host(GUEST_SCRIPTS / "make-mok")


def ensure_product(machine):
    missing = [str(path) for path in (LOADER, FASTBOOTCTL, hook_module(machine.series))
               if not path.exists()]
    if missing:
        raise NotBuilt("run `make` first, these are not built: " + ", ".join(missing))
