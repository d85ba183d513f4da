# SPDX-License-Identifier: GPL-2.0-or-later
"""One QEMU process: the machine, its power, its consoles, a shell inside.

The first serial port is the system console (firmware, loader, kernel log); the
second has a root shell, whose answers the kernel log cannot tear apart.  A
shell command is enclosed in markers; after a restore the shell goes on in the
middle of the very command that took the snapshot, so its end marker is the
first sign of life of the restored system.
"""

import base64
import itertools
import os
import shlex
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pexpect

from .console import Console
from .paths import OVMF_CODE
from .qmp import Qmp, QmpError

# Emulation is slow and shared build machines are slower.
SCALE = float(os.environ.get("FASTBOOT_TIMEOUT_SCALE", "1"))
BOOT_TIMEOUT = 180
GOLDEN = "golden"

FIRMWARE_STARTS_ENTRY = r"BdsDxe: starting Boot([0-9A-Fa-f]{4}) \"?([^\"]*)\"?"
RESTORING = r"fastboot: restoring"
REFUSED = r"fastboot: refused: ([^ :]+)"
KERNEL_STARTS = r"Linux version "
RESULT_VARIABLE = ("/sys/firmware/efi/efivars/"
                   "FastbootLastResult-8ac4f28e-6d6f-4bd2-9e59-1a1cf66f2b35")


class GuestError(Exception):
    """The guest did not do what was asked of it."""


@dataclass
class Result:
    output: str
    status: int


class VM:
    _numbers = itertools.count(1)

    def __init__(self, machine, disk, variables, log_dir, forwards=(), on_line=None):
        """forwards: pairs (host port, guest port); on_line: see Console."""
        self.machine = machine
        self.disk = Path(disk)
        self.variables = Path(variables)
        self.log_dir = Path(log_dir)
        self.forwards = forwards
        self.started = None
        self._on_line = on_line
        self._process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()

    # power

    def start(self):
        self.log_dir.mkdir(parents=True, exist_ok=True)
        number = next(VM._numbers)
        ours, theirs = zip(*(socket.socketpair() for _ in range(3)))
        command = self._command([sock.fileno() for sock in theirs])
        (self.log_dir / f"{number:02}-command").write_text(shlex.join(command) + "\n")
        with open(self.log_dir / f"{number:02}-qemu.log", "wb") as log:
            self.started = self._powered = time.monotonic()
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=[sock.fileno() for sock in theirs])
        for sock in theirs:
            sock.close()
        self.console = Console(ours[0], self.log_dir / f"{number:02}-console.log", self._on_line)
        self.shell = Console(ours[1], self.log_dir / f"{number:02}-shell.log")
        try:
            self.qmp = Qmp(ours[2])
        except (OSError, QmpError) as error:
            raise GuestError(f"QEMU did not start, see {log.name}: {error}") from error
        return self

    def _command(self, fds):
        console, shell, control = fds
        variables = f"if=pflash,unit=1,format=raw,file={self.variables}"
        command = [
            "qemu-system-x86_64", *self.machine.qemu_arguments(),
            "-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={OVMF_CODE}",
            "-drive", variables,
            "-drive", f"if=none,id=disk,format=qcow2,cache=unsafe,file={self.disk}",
            "-chardev", f"socket,id=console,fd={console}", "-serial", "chardev:console",
            "-chardev", f"socket,id=shell,fd={shell}", "-serial", "chardev:shell",
            "-chardev", f"socket,id=control,fd={control}",
            "-mon", "chardev=control,mode=control"]
        if self.machine.network:
            rules = "".join(f",hostfwd=tcp:127.0.0.1:{outer}-:{inner}"
                            for outer, inner in self.forwards)
            command += ["-netdev", f"user,id=net{rules}",
                        "-device", "virtio-net-pci,netdev=net,romfile="]
        return command

    def running(self):
        return self._process is not None and self._process.poll() is None

    def kill(self):
        """End the process as a power failure would; harmless when it has ended."""
        if self._process is None:
            return
        if self.running():
            self._process.kill()
        self._process.wait()
        self.console.close()
        self.shell.close()

    def press_power_button(self):
        self.qmp.command("system_powerdown")

    def wait_power_off(self, timeout=90):
        try:
            self._process.wait(timeout * SCALE)
        except subprocess.TimeoutExpired:
            raise GuestError(f"no power-off within {timeout} s") from None
        self.kill()

    def power_off(self):
        """Have the guest power itself off."""
        self.shell.send("poweroff\n")
        self.wait_power_off()

    def reset(self):
        self._powered = time.monotonic()
        self.qmp.command("system_reset")

    def screendump(self, path):
        self.qmp.command("screendump", filename=str(path), format="png")

    def send_keys(self, *keys, pause=0.3):
        for key in keys:
            self.qmp.send_key(*key.split("+"))
            time.sleep(pause)

    # consoles

    def wait_console(self, pattern, timeout=BOOT_TIMEOUT):
        """Wait for the pattern on the system console; returns the match."""
        return self._expect(self.console, pattern, timeout)

    def _expect(self, console, pattern, timeout):
        try:
            console.expect(pattern, timeout=timeout * SCALE)
        except (pexpect.TIMEOUT, pexpect.EOF) as error:
            kind = "closed" if isinstance(error, pexpect.EOF) else f"silent for {timeout} s"
            tail = "\n".join(line for _, line in console.lines[-25:])
            raise GuestError(
                f"{self.machine.name}: {kind}, no {pattern!r}; the end was:\n{tail}") from None
        return console.match

    # the shell

    def wait_shell(self, timeout=BOOT_TIMEOUT):
        """Wait until a fresh boot's shell answers.

        Nothing is sent before the kernel runs: to the firmware the second port
        is a keyboard too, and systemd-boot would take "e" for the editor.
        """
        deadline = time.monotonic() + timeout * SCALE
        while not self.console.first(KERNEL_STARTS, after=self._powered):
            if time.monotonic() > deadline or not self.running():
                self._expect(self.console, KERNEL_STARTS, 0)
            time.sleep(0.1)
        for number in itertools.count():
            if time.monotonic() > deadline:
                self._expect(self.console, "a shell's answer", 0)
            try:
                self.shell.send(f"stty -echo; PS1=; echo @@SY''NC-{number}@@\n")
                self.shell.expect(f"@@SYNC-{number}@@", timeout=1.5)
                break
            except pexpect.TIMEOUT:
                continue
            except (pexpect.EOF, OSError) as error:
                raise GuestError(f"{self.machine.name}: QEMU ended: {error}") from None
        return self

    def run(self, command, timeout=60, check=True, name=None):
        """Run a shell command line in the guest's one shell.

        Returns its output and status; check makes a status other than 0 an error.
        """
        name = name or f"{next(VM._numbers)}"
        self.shell.drain()
        self.begin(command, name)
        return self.finish(name, timeout, check, command)

    def begin(self, command, name):
        """Start a command without waiting for its end."""
        self.shell.send(f"echo @@BE''GIN-{name}@@; {command}\necho @@E''ND-{name}:$?@@\n")

    def finish(self, name, timeout=60, check=True, command="the command"):
        self._expect(self.shell, f"@@END-{name}:(\\d+)@@", timeout)
        status = int(self.shell.match.group(1))
        output = self.shell.before.split(f"@@BEGIN-{name}@@", 1)[-1]
        output = "\n".join(line.rstrip("\r") for line in output.split("\n")).strip("\n")
        if check and status:
            raise GuestError(f"{command}: exit status {status}\n{output}")
        return Result(output, status)

    def put(self, path, content, mode="644"):
        """Write a small file into the guest."""
        if isinstance(content, str):
            content = content.encode()
        text = base64.b64encode(content).decode()
        self.run(f": >{path}.b64")
        for start in range(0, len(text), 2000):
            self.run(f"echo {text[start:start + 2000]} >>{path}.b64")
        self.run(f"base64 -d {path}.b64 >{path} && rm {path}.b64 && chmod {mode} {path}")

    # the product, seen from outside

    def wait_restored(self, timeout=60):
        """Wait until a fast boot has brought back the shell that took the golden."""
        self.finish(GOLDEN, timeout, command="the snapshot, restored")
        return self

    def restored_at(self):
        """Seconds from power-on to the first sign of life of the restored shell."""
        when, _ = self.shell.first(f"@@END-{GOLDEN}:")
        return when - self.started

    def last_result(self):
        """The loader's report of this boot, as a dict; empty when it left none."""
        text = self.run(f"dd if={RESULT_VARIABLE} bs=4 skip=1 2>/dev/null", check=False).output
        pairs = (line.split("=", 1) for line in text.replace("\0", "").split("\n"))
        return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}

    def state(self):
        return self.run("cat /sys/power/fastboot_snapshot").output.strip()

    def last_refusal(self):
        return self.run("cat /sys/power/fastboot/last_refusal").output.strip()

    # times, in seconds since power-on

    def elapsed(self):
        return time.monotonic() - self.started

    def entry_started(self):
        """When the firmware started the last boot entry it tried."""
        hits = [when for when, line in list(self.console.lines)
                if "BdsDxe: starting Boot" in line]
        if not hits:
            raise GuestError("the firmware started no boot entry")
        return hits[-1] - self.started
