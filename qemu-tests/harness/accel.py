# SPDX-License-Identifier: GPL-2.0-or-later
"""Which accelerator QEMU can really use here.

/dev/kvm may open, even create a machine, and still fail at the firmware's first
mode switch: the only proof is firmware that prints something under KVM.
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


def _firmware_runs_under_kvm():
    with tempfile.TemporaryDirectory() as scratch:
        variables = shutil.copy(OVMF_VARS, scratch)
        command = [
            *QEMU, "-nodefaults", "-display", "none",
            "-machine", "q35,accel=kvm", "-cpu", "host", "-m", "256M",
            "-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={OVMF_CODE}",
            "-drive", f"if=pflash,unit=1,format=raw,file={variables}",
            "-serial", "stdio"]
        try:
            output = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, timeout=PROBE_SECONDS).stdout
        except subprocess.TimeoutExpired as expired:
            output = expired.stdout or b""
    return b"BdsDxe" in output


def _version():
    output = subprocess.run([*QEMU, "--version"], stdout=subprocess.PIPE,
                            check=True, text=True).stdout
    return tuple(int(part) for part in re.search(r"version (\d+)\.(\d+)", output).groups())


def _emulation():
    """TCG; all processors in one thread where an access could reach the wrong device.

    Before QEMU's commit 0d58c660689f, a processor that moves a BAR replaces the table of devices
    while the TLBs of the others still hold entry numbers of the old table: a register write
    is lost, or goes to another device.  docs/testing.md describes the symptoms.
    """
    return "tcg,thread=multi" if _version() >= THREADS_SAFE_SINCE else "tcg,thread=single"


@functools.lru_cache(maxsize=None)
def accelerator():
    """The argument of QEMU's -accel; FASTBOOT_ACCEL overrides the probe."""
    forced = os.environ.get("FASTBOOT_ACCEL")
    if forced:
        return forced
    if os.access("/dev/kvm", os.R_OK | os.W_OK) and _firmware_runs_under_kvm():
        return "kvm"
    return _emulation()
