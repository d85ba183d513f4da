# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine owner's key of guest/make-mok, with which guest/product.sh signs a guest's modules
and its loader; and MokManager, which enrols a key."""

import hashlib
import re
import uuid
from dataclasses import dataclass

from .paths import SECURE_BOOT, host

CERTIFICATE = SECURE_BOOT / "mok.pem"
CERTIFICATE_DER = SECURE_BOOT / "mok.pub"
KEY = SECURE_BOOT / "mok.key"

# UEFI 32.4.1: an EFI_SIGNATURE_LIST has this type if it holds a certificate, in DER.
EFI_CERT_X509 = uuid.UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072")


def sign(program, signed):
    """Sign a program, besides those who have signed it already."""
    host("sbsign", "--key", KEY, "--cert", CERTIFICATE, "--output", signed, program)


def request(owner, password):
    """{name: data} of the variables by which `mokutil --import --simple-hash` asks for it.

    The list and the password are hashed together (rhboot/shim, MokManager.c: match_password, without
    a PASSWORD_CRYPT).
    """
    certificate = uuid.UUID(owner).bytes_le + CERTIFICATE_DER.read_bytes()
    header = 16 + 3 * 4
    wanted = (EFI_CERT_X509.bytes_le
              + b"".join(size.to_bytes(4, "little")
                         for size in (header + len(certificate), 0, len(certificate)))
              + certificate)
    return {"MokNew": wanted,
            "MokAuth": hashlib.sha256(wanted + password.encode("utf-16-le")).digest()}


@dataclass(frozen=True)
class Screen:
    """Of MokManager: what it shows that no earlier one does, and the keys that lead on."""
    name: str
    shows: str
    keys: tuple


def screens(password):
    """In their order, until the machine resets itself."""
    return (Screen("wait", "Press any key to perform MOK management", ("spc",)),
            Screen("menu", "Enroll MOK", ("down", "ret")),
            Screen("enrol", "View key 0", ("down", "ret")),
            Screen("sure", "Enroll the key", ("down", "ret")),
            Screen("password", "Password:", (*password, "ret")),
            Screen("reboot", "Reboot", ("ret",)))


def enrol(vm, password, see=lambda screen: None):
    """Do at the screen what a person does; see(screen): called when one is complete."""
    for screen in screens(password):
        vm.wait_console(re.escape(screen.shows))
        see(screen)
        vm.send_keys(*screen.keys)
