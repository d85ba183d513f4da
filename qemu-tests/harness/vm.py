# SPDX-License-Identifier: GPL-2.0-or-later
"""One QEMU process: the machine, its power, its consoles, a shell inside.

The first serial port is the system console (firmware, loader, kernel log); the
second has a root shell, whose answers the kernel log cannot interrupt.  A
shell command is enclosed in markers; after a restore the shell continues in the
middle of the command that took the snapshot, so that its end marker is the
first sign of life of the restored system.
"""

import base64
import calendar
import hashlib
import itertools
import os
import re
import shlex
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pexpect

from .accel import accelerator
from .console import Console
from .paths import QEMU, host
from .qmp import Qmp, QmpError

# Emulation is slow and shared build machines are slower.
SCALE = float(os.environ.get("FASTBOOT_TIMEOUT_SCALE", "1"))
BOOT_TIMEOUT = 180
INTERRUPTS_ENABLED = 0x200  # in RFLAGS
GOLDEN = "golden"
POST_MORTEM = (
    "", "cat /proc/interrupts /proc/tty/driver/serial /proc/tty/ldiscs",
    "ps -o pid,stat,args", "cat /proc/[0-9]*/wchan", "echo w >/proc/sysrq-trigger",
    "dmesg | tail -n 40")

FIRMWARE_STARTS_ENTRY = r"BdsDxe: starting Boot([0-9A-Fa-f]{4}) \"?([^\"]*)\"?"
RESTORING = r"fastboot: restoring"
RESTORED = r"fastboot: restored generation"  # the module's line: no character of it gets lost
REFUSED = r"fastboot: refused: ([^\s:]+):"
KERNEL_STARTS = r"Linux version "
RESULT_VARIABLE = ("/sys/firmware/efi/efivars/"
                   "FastbootLastResult-8ac4f28e-6d6f-4bd2-9e59-1a1cf66f2b35")


class GuestError(Exception):
    """The guest did not do what it was asked to do."""


LOST_INTERRUPT = "QEMU lost an interrupt"  # pytest.ini repeats a test that fails with this


class EmulatorError(GuestError):
    """The fault is the emulator's, not the guest's."""


@dataclass
class Result:
    output: str
    status: int


@dataclass(frozen=True)
class Fault:
    """Requests that fail, always or once."""
    request: str            # read, write or flush
    sector: int = -1        # only requests that touch it; -1: all
    once: bool = False

    def rules(self):
        yield "event=none"
        yield f"iotype={self.request}"
        yield f"once={'on' if self.once else 'off'}"
        if self.sector >= 0:
            yield f"sector={self.sector}"


class VM:
    _numbers = itertools.count(1)

    def __init__(self, machine, disk, variables, log_dir, forwards=(), on_line=None, drives=(),
                 faults=(), stop_at_fault=False, read_only=False, incoming=None,
                 bytes_per_second=0):
        """forwards: pairs (host port, guest port); on_line: see Console.

        drives: qcow2 disks besides the first; faults: Faults of the first disk;
        stop_at_fault: let the machine stop where a read fails, not tell it; virtio and ahci only;
        incoming: a file of save() to continue from, instead of a power-on;
        bytes_per_second: speed of the first disk, without faults only; 0: no limit.
        """
        self.machine = machine
        self.disk = Path(disk)
        self.variables = Path(variables)
        self.log_dir = Path(log_dir)
        self.forwards = forwards
        self.drives = drives
        self.faults = faults
        self.stop_at_fault = stop_at_fault
        self.read_only = read_only
        self.incoming = incoming
        self.bytes_per_second = bytes_per_second
        self.started = None
        self.on_line = on_line
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
        self.console = Console(ours[0], self.log_dir / f"{number:02}-console.log", self.on_line)
        self.shell = Console(ours[1], self.log_dir / f"{number:02}-shell.log")
        try:
            self.qmp = Qmp(ours[2])
        except (OSError, QmpError) as error:
            raise GuestError(f"QEMU did not start, see {log.name}: {error}") from error
        if self.incoming:
            self._resume()
        return self

    def _resume(self):
        while self.qmp.command("query-status")["status"] == "inmigrate":
            time.sleep(0.02)
        self.qmp.command("cont")

    def _command(self, fds):
        console, shell, control = fds
        variables = f"if=pflash,unit=1,format=raw,file={self.variables}"
        command = [
            *QEMU, *self.machine.qemu_arguments(len(self.drives)),
            "-drive", f"if=pflash,unit=0,format=raw,readonly=on,"
            f"file={self.machine.firmware.code}",
            "-drive", variables,
            "-drive", self._disk_backend(),
            *self._drive_backends(),
            "-chardev", f"socket,id=console,fd={console}", "-serial", "chardev:console",
            "-chardev", f"socket,id=shell,fd={shell}", "-serial", "chardev:shell",
            "-chardev", f"socket,id=control,fd={control}",
            "-mon", "chardev=control,mode=control"]
        if self.incoming:
            command += ["-incoming", f"exec:cat {shlex.quote(str(self.incoming))}"]
        if self.machine.network:
            rules = "".join(f",hostfwd=tcp:127.0.0.1:{outer}-:{inner}"
                            for outer, inner in self.forwards)
            command += ["-netdev", f"user,id=net{rules}",
                        "-device", "virtio-net-pci,netdev=net,romfile="]
        return command

    def _disk_backend(self):
        if self.read_only:
            return f"if=none,id=disk,format=qcow2,cache=unsafe,readonly=on,file={self.disk}"
        if not self.faults:
            throttle = (f",throttling.bps-total={self.bytes_per_second}"
                        if self.bytes_per_second else "")
            return f"if=none,id=disk,format=qcow2,cache=unsafe,file={self.disk}{throttle}"
        rules = [f"inject-error.{number}.{rule}" for number, fault in enumerate(self.faults)
                 for rule in fault.rules()]
        if self.stop_at_fault:
            rules.append("rerror=stop")
        # Not cache=unsafe: the flush must reach the rules.  It goes no further.
        return ",".join(["if=none,id=disk,driver=blkdebug,image.driver=qcow2",
                         "image.cache.no-flush=on", "image.file.driver=file",
                         f"image.file.filename={self.disk}", *rules])

    def _drive_backends(self):
        return [word for number, drive in enumerate(self.drives) for word in (
            "-drive", f"if=none,id=drive{number},format=qcow2,cache=unsafe,file={drive}")]

    def running(self):
        return self._process is not None and self._process.poll() is None

    def kill(self):
        """End the process as a power cut would; does nothing if it has already ended."""
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

    def reboot(self):
        """Have the guest restart itself."""
        self.console.drain()
        self._powered = time.monotonic()
        self.shell.send("reboot\n")

    def reset(self):
        self._powered = time.monotonic()
        self.qmp.command("system_reset")

    def save(self, path):
        """Keep the machine as it is now, so that others can continue; this VM ends."""
        self.qmp.command("stop")
        self.qmp.command("migrate", uri=f"exec:cat >{shlex.quote(str(path))}")
        while True:
            status = self.qmp.command("query-migrate").get("status")
            if status == "completed":
                break
            if status == "failed" or not self.running():
                raise GuestError(f"{self.machine.name}: QEMU could not keep its state")
            time.sleep(0.05)
        self.kill()

    def disk_digest(self, offset, size):
        """SHA-256 of bytes of the first disk, read by QEMU while the guest keeps running."""
        with tempfile.TemporaryDirectory() as place:
            socket_path = f"{place}/nbd"
            node = next(block["inserted"]["node-name"] for block in self.qmp.command("query-block")
                        if block["device"] == "disk")
            self.qmp.command("nbd-server-start",
                             addr={"type": "unix", "data": {"path": socket_path}})
            try:
                self.qmp.command("block-export-add", **{
                    "type": "nbd", "id": "look", "node-name": node, "name": "disk"})
                host("qemu-img", "convert", "-O", "raw", "--image-opts",
                     f"driver=raw,offset={offset},size={size},file.driver=nbd,"
                     f"file.server.type=unix,file.server.path={socket_path},file.export=disk",
                     f"{place}/part")
            finally:
                self.qmp.command("nbd-server-stop")
            with open(f"{place}/part", "rb") as part:
                return hashlib.file_digest(part, "sha256").hexdigest()

    def writes(self):
        """The number of writes that the first disk was asked for."""
        blocks = self.qmp.command("query-blockstats")
        return next(block["stats"]["wr_operations"] for block in blocks
                    if block.get("device") == "disk")

    def kernel_runs(self):
        """Has the console announced a kernel that starts, or one that the loader restores?"""
        return bool(self.console.first(f"{KERNEL_STARTS}|{RESTORING}", after=self._powered))

    def is_connected(self, port):
        """Has the guest accepted a connection that QEMU made to this port?"""
        try:
            table = self.qmp.command("human-monitor-command", **{"command-line": "info usernet"})
        except (OSError, QmpError):
            return False
        return bool(re.search(rf"TCP\[ESTABLISHED\].*\s10\.0\.2\.15\s+{port}\s", table))

    def machine_clock(self):
        """The machine's real-time clock, in seconds since the epoch."""
        now = self.qmp.command("qom-get", path="/machine", property="rtc-time")
        return calendar.timegm((now["tm_year"] + 1900, now["tm_mon"] + 1, now["tm_mday"],
                                now["tm_hour"], now["tm_min"], now["tm_sec"]))

    def wait_stopped(self, timeout=120):
        """Wait until stop_at_fault has stopped the machine."""
        deadline = time.monotonic() + timeout
        while self.qmp.command("query-status")["status"] != "io-error":
            if time.monotonic() > deadline:
                raise GuestError(f"{self.machine.name}: no read has met a fault")
            time.sleep(0.02)

    def full_speed(self):
        """Lift the limit of a disk that was given bytes_per_second."""
        self.qmp.command("block_set_io_throttle", device="disk", bps=0, bps_rd=0, bps_wr=0,
                         iops=0, iops_rd=0, iops_wr=0)

    def memory(self, start, size):
        """The bytes of the machine's memory from this address on, as its processors see them."""
        path = self.disk.with_suffix(".memory")
        self.qmp.command("pmemsave", val=start, size=size, filename=str(path))
        try:
            return path.read_bytes()
        finally:
            path.unlink()

    def screendump(self, path):
        """Write what is on the screen to a .png or .ppm file."""
        self.qmp.command("screendump", filename=str(path), format=Path(path).suffix[1:])

    def send_keys(self, *keys, pause=0.3):
        for key in keys:
            self.qmp.send_key(*key.split("+"))
            time.sleep(pause)

    # consoles

    def wait_console(self, pattern, timeout=BOOT_TIMEOUT):
        """Wait for the pattern on the system console; returns the match."""
        return self._expect(self.console, pattern, timeout)

    def wait_firmware(self, pattern, timeout=BOOT_TIMEOUT):
        """Like firmware_line; returns the match alone."""
        return self.firmware_line(pattern, timeout)[1]

    def firmware_line(self, pattern, timeout=BOOT_TIMEOUT, after=0.0):
        """Wait for a whole line of this boot's firmware or loader; returns (when, match).

        They write to both ports, and on a busy host one port may lose characters:
        EDK II's driver gives up on a port that does not take them in time.
        """
        deadline = time.monotonic() + timeout * SCALE
        while time.monotonic() < deadline and self.running():
            for port in (self.console, self.shell):
                hit = port.first(pattern, after=max(after, self._powered))
                if hit:
                    return hit
            time.sleep(0.02)
        self._expect(self.console, pattern, 0)  # its error shows what arrived instead
        return time.monotonic(), self.console.match

    def check_emulator(self):
        """An EmulatorError if a processor halts, interrupts enabled, with a vector in service.

        No kernel halts before it has ended an interrupt.  If that end, or the handler itself, got
        lost, the local APIC delivers nothing more of that priority (docs/testing.md).
        """
        if not self.running() or "tcg" not in accelerator():
            return
        try:
            registers = self._monitor("info registers -a")
            for number, text in enumerate(registers.split("CPU#")[1:]):
                served = re.search(r"^ISR\s+(\d.*)$", self._monitor(f"info lapic {number}"), re.M)
                flags = int(re.search(r"[ER]FL=([0-9a-f]+)", text).group(1), 16)
                if served and "HLT=1" in text and flags & INTERRUPTS_ENABLED:
                    raise EmulatorError(
                        f"{LOST_INTERRUPT}: processor {number} of {self.machine.name} halts with"
                        f" vector {served.group(1).strip()} in service")
        except (OSError, QmpError):
            return

    def _monitor(self, line):
        answer = self.qmp.command("human-monitor-command", **{"command-line": line})
        return answer.replace("\r", "")

    def _expect(self, console, pattern, timeout):
        try:
            console.expect(pattern, timeout=timeout * SCALE)
        except (pexpect.TIMEOUT, pexpect.EOF) as error:
            self.check_emulator()
            kind = "closed" if isinstance(error, pexpect.EOF) else f"silent for {timeout} s"
            tail = "\n".join(line for _, line in console.lines[-25:])
            raise GuestError(
                f"{self.machine.name}: {kind}, no {pattern!r}; the end was:\n{tail}") from None
        return console.match

    # the shell

    def wait_shell(self, timeout=BOOT_TIMEOUT):
        """Wait until a fresh boot's shell answers.

        Nothing is sent before the kernel runs: the firmware takes the second port for
        a keyboard, too, and systemd-boot would open its editor at an "e".
        """
        deadline = time.monotonic() + timeout * SCALE
        while not self.console.first(KERNEL_STARTS, after=self._powered):
            if time.monotonic() > deadline or not self.running():
                self._expect(self.console, KERNEL_STARTS, 0)
            time.sleep(0.1)
        return self._wait_answer(deadline)

    def wait_restored_idle(self, timeout=60):
        """Wait until a fast boot has restored a shell that did not take the image itself."""
        deadline = time.monotonic() + timeout * SCALE
        self.wait_firmware(RESTORING, timeout)
        return self._wait_answer(deadline)

    def _wait_answer(self, deadline):
        """Ask until the shell answers.

        A port that is opened loses what arrives meanwhile, and the rest of a line is a line, too.
        So these have no quotation marks, of which the shell could see one alone.
        """
        for number in itertools.count():
            if time.monotonic() > deadline:
                self._expect(self.console, "a shell's answer", 0)
            try:
                self.shell.send(f"stty -echo; PS1=; echo @@SY\\NC-{number}@@\n")
                self.shell.expect(f"@@SYNC-{number}@@", timeout=1.5)
                break
            except pexpect.TIMEOUT:
                continue
            except (pexpect.EOF, OSError) as error:
                raise GuestError(f"{self.machine.name}: QEMU ended: {error}") from None
        # A getty may have taken the beginning of that line, but of no later one.
        self.shell.send("stty -echo; PS1=; echo @@REA\\DY@@\n")
        self._expect(self.shell, "@@READY@@", 10)
        return self

    def run(self, command, timeout=60, check=True, name=None):
        """Run a command line in the guest's shell.

        Returns its output and status; check: a status other than 0 is an error.
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

    def end(self, command, says):
        """Run a command that ends the system, so that the shell never answers.

        Waits for the pattern `says` on the console.
        """
        self.shell.drain()
        self.console.drain()
        self.begin(command, "end")
        self.wait_console(says)

    def put(self, path, content, mode="644"):
        """Write a small file into the guest."""
        if isinstance(content, str):
            content = content.encode()
        text = base64.b64encode(content).decode()
        self.run(f": >{path}.b64")
        for start in range(0, len(text), 2000):
            self.run(f"echo {text[start:start + 2000]} >>{path}.b64")
        self.run(f"base64 -d {path}.b64 >{path} && rm {path}.b64 && chmod {mode} {path}")

    # the product, observed from outside

    def wait_restored(self, timeout=60):
        """Wait until a fast boot has restored the shell that took the image."""
        try:
            self.finish(GOLDEN, timeout, command="the snapshot, restored")
        except GuestError:
            self._ask_console()
            raise
        return self

    def _ask_console(self):
        """For the log: what the tiny guest's console shell knows when this one is silent."""
        try:
            for line in POST_MORTEM:
                self.console.send(line + "\n")
                time.sleep(2)
        except OSError:
            pass  # QEMU has ended

    def restored_at(self):
        """Seconds from power-on to the first sign of life of the restored shell."""
        when, _ = self.shell.first(f"@@END-{GOLDEN}:")
        return when - self.started

    def last_result(self):
        """The loader's report of this boot, as a dict; empty if it left none."""
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
        """When the firmware started the last boot entry that it tried."""
        hits = [when for when, line in list(self.console.lines)
                if "BdsDxe: starting Boot" in line]
        if not hits:
            raise GuestError("the firmware started no boot entry")
        return hits[-1] - self.started
