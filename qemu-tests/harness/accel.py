# SPDX-License-Identifier: GPL-2.0-or-later
"""Which accelerator QEMU can really use here.

/dev/kvm may open, even create a machine, and still fail at the firmware's first
mode switch: only a firmware that speaks under KVM is proof.
"""

import functools
import os
import re
import shutil
import subprocess
import tempfile

from .paths import OVMF_CODE, OVMF_VARS, QEMU

PROBE_SECONDS = 10
THREADS_SAFE_SINCE = (8, 2)


def _firmware_speaks_under_kvm():
    with tempfile.TemporaryDirectory() as scratch:
        variables = shutil.copy(OVMF_VARS, scratch)
        command = [
            *QEMU, "-nodefaults", "-display", "none",
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


def _version():
    said = subprocess.run([*QEMU, "--version"], stdout=subprocess.PIPE,
                          check=True, text=True).stdout
    return tuple(int(part) for part in re.search(r"version (\d+)\.(\d+)", said).groups())


def _emulation():
    """All processors in one thread, where an access could meet the wrong device.

    Until QEMU's commit 0d58c660689f one processor, moving a BAR, replaces the table of devices
    under the others, whose TLBs still hold numbers of entries of the old one: a register's
    write is lost, or lands in another device.  docs/testing.md tells what that looks like.
    """
    return "tcg,thread=multi" if _version() >= THREADS_SAFE_SINCE else "tcg,thread=single"


@functools.lru_cache(maxsize=None)
def accelerator():
    """The argument of QEMU's -accel; FASTBOOT_ACCEL overrides the probe."""
    forced = os.environ.get("FASTBOOT_ACCEL")
    if forced:
        return forced
    if os.access("/dev/kvm", os.R_OK | os.W_OK) and _firmware_speaks_under_kvm():
        return "kvm"
    return _emulation()
