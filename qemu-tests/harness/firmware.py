# SPDX-License-Identifier: GPL-2.0-or-later
"""OVMF in the builds that the tests use."""

from dataclasses import dataclass
from pathlib import Path

from .paths import OVMF_CODE, OVMF_VARS


@dataclass(frozen=True)
class Firmware:
    code: Path
    variables: Path     # as they are when the machine is new
    secure: bool = False
    own_keys: bool = False  # of the machine's owner, in db, and no others: no shim

    @property
    def machine_options(self):
        """Words for -machine, after the type."""
        return ",smm=on" if self.secure else ""

    @property
    def arguments(self):
        """Only SMM may write the variables; it does not survive S3 (OVMF's README, "SMM support").
        """
        return ["-global", "driver=cfi.pflash01,property=secure,value=on",
                "-global", "ICH9-LPC.disable_s3=1"] if self.secure else []


PLAIN = Firmware(OVMF_CODE, OVMF_VARS)
# With Microsoft's keys, as a PC is sold: it starts shim, and nothing else that the tests have.
SECURE_BOOT = Firmware(OVMF_CODE.with_name("OVMF_CODE_4M.ms.fd"),
                       OVMF_VARS.with_name("OVMF_VARS_4M.ms.fd"), secure=True)
# Its variables are without keys, until harness/variables.py adds some.
OWN_KEYS = Firmware(OVMF_CODE.with_name("OVMF_CODE_4M.secboot.fd"), OVMF_VARS, secure=True,
                    own_keys=True)
