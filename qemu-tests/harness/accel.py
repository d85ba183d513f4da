# SPDX-License-Identifier: GPL-2.0-or-later
"""Which accelerator QEMU can really use here.

/dev/kvm may open, even create a machine, and still fail at the firmware's first
mode switch: only a firmware that speaks under KVM is proof.
"""

import functools
import os
import shutil
import subprocess
import tempfile

from .paths import OVMF_CODE, OVMF_VARS

PROBE_SECONDS = 10


def _firmware_speaks_under_kvm():
    with tempfile.TemporaryDirectory() as scratch:
        variables = shutil.copy(OVMF_VARS, scratch)
        command = [
            "qemu-system-x86_64", "-nodefaults", "-display", "none",
            "-machine", "q35,accel=kvm", "-cpu", "host", "-m", "256M",
            "-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={OVMF_CODE}",
            "-drive", f"if=pflash,unit=1,format=raw,file={variables}",
            "-serial", "stdio"]
        try:
            said = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, timeout=PROBE_SECONDS).stdout
        except subprocess.TimeoutExpired as expired:
            said = expired.stdout or b""
    return b"BdsDxe" in said


@functools.lru_cache(maxsize=None)
def accelerator():
    """The argument of QEMU's -accel; FASTBOOT_ACCEL overrides the probe."""
    forced = os.environ.get("FASTBOOT_ACCEL")
    if forced:
        return forced
    if os.access("/dev/kvm", os.R_OK | os.W_OK) and _firmware_speaks_under_kvm():
        return "kvm"
    return "tcg,thread=multi"
