# SPDX-License-Identifier: GPL-2.0-or-later
"""Paths, and how to run a host command."""

import os
import subprocess
from pathlib import Path

QEMU_TESTS = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("BUILD", QEMU_TESTS.parent / "build"))
DOCS = QEMU_TESTS.parent / "docs"
GUEST_SCRIPTS = QEMU_TESTS / "guest"
KERNELS = BUILD / "kernels"
GUESTS = BUILD / "guests"
SECURE_BOOT = BUILD / "secure-boot"    # of guest/fetch-secure-boot and guest/make-mok
LOGS = BUILD / "qemu-logs"
WORK = BUILD / "qemu-work"
RUN = WORK / "tests"        # of the current run
WARM = RUN / "warm"         # firmware variables that have settled

# The installed QEMU, or, if that is too old, the one of guest/fetch-qemu with the installed ROMs.
_FETCHED_QEMU = BUILD / "qemu/usr/bin/qemu-system-x86_64"
QEMU = ([str(_FETCHED_QEMU), "-L", "/usr/share/seabios", "-L", "/usr/share/qemu"]
        if _FETCHED_QEMU.exists() else ["qemu-system-x86_64"])

OVMF_CODE = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
OVMF_VARS = Path("/usr/share/OVMF/OVMF_VARS_4M.fd")
SYSTEMD_BOOT = Path("/usr/lib/systemd/boot/efi/systemd-bootx64.efi")
STUB = SYSTEMD_BOOT.with_name("linuxx64.efi.stub")

LOADER = BUILD / "efi" / "fastbootx64.efi"
FASTBOOTCTL = BUILD / "tools" / "fastbootctl"
GATE = BUILD / "efi" / "gate.efi"
MKGATE = BUILD / "efi" / "tests" / "mkgate"


def kernel_release(series):
    try:
        return (KERNELS / series / "release").read_text().strip()
    except FileNotFoundError:
        raise FileNotFoundError(f"kernel {series} is not fetched: run `make kernels`") from None


def kernel_version(series):
    """(major, minor) of the kernel."""
    return tuple(int(number) for number in kernel_release(series).split(".")[:2])


def hook_module(series):
    return BUILD / "kernel-hook" / kernel_release(series) / "fastboot_snapshot.ko"


def host(*command, **options):
    """Run a host command; its output is shown only when it fails."""
    environment = dict(os.environ, BUILD=str(BUILD))
    environment["PATH"] += ":/usr/sbin:/sbin"
    done = subprocess.run(
        [str(word) for word in command], env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if done.returncode:
        words = " ".join(str(word) for word in command)
        raise RuntimeError(f"{words}: exit status {done.returncode}\n{done.stdout}")
    return done.stdout
