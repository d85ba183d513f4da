# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine owner's key of guest/make-mok, with which guest/product.sh signs a guest's modules
and its loader."""

from .paths import SECURE_BOOT, host

CERTIFICATE = SECURE_BOOT / "mok.pem"
KEY = SECURE_BOOT / "mok.key"


def sign(program, signed):
    """Sign a program, besides those who have signed it already."""
    host("sbsign", "--key", KEY, "--cert", CERTIFICATE, "--output", signed, program)
