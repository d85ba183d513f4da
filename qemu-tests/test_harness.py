# SPDX-License-Identifier: GPL-2.0-or-later
"""The harness itself: consoles notice what must fail a test; the order of files; guest disks."""

import collections
import os
import shutil
import socket
import time

import pytest

from harness import costs, native
from harness.console import Console
from harness.paths import host


@pytest.fixture
def port(tmp_path):
    ours, theirs = socket.socketpair()
    console = Console(ours, tmp_path / "log")
    yield console, theirs
    theirs.close()
    console.close()


def received(port, data):
    """The console after this data and a line "end" have arrived."""
    console, theirs = port
    before = len(console.lines)
    theirs.sendall(data + b"\r\nend\r\n")
    deadline = time.monotonic() + 5
    while len(console.lines) < before + 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    return console


@pytest.mark.parametrize("line", [
    b"[    1.0] Oops: 0000 [#1] PREEMPT SMP",
    b"[    1.0] BUG: kernel NULL pointer dereference, address: 0000000000000000",
    b"[    1.0] WARNING: CPU: 0 PID: 1 at kernel/x.c:1 f+0x1/0x2",
    b"[    1.0] Call Trace:",
    b"[    1.0] general protection fault, probably for non-canonical address",
    b"[    1.0] Kernel panic - not syncing: Attempted to kill init!",
    b"!!!! X64 Exception Type - 0E(#PF - Page-Fault)  CPU Apic ID - 00000000 !!!!",
    b"ASSERT [DxeCore] Page.c(1): FALSE",
])
def test_trouble_is_noticed(port, line):
    console = received(port, b"a line before\r\n" + line)
    assert console.trouble() == [line.decode()]


def test_unfinished_trouble_is_noticed(port):
    console, theirs = port
    theirs.sendall(b"[    1.0] Kernel panic - not syncing")
    console.expect("not syncing", timeout=5)
    assert console.trouble()


def test_ordinary_lines_are_not_trouble(port):
    console = received(port, b"[    1.0] Freezing user space processes\r\nfastboot: refused: x: y")
    assert not console.trouble()


def test_highlighted_line_of_the_firmware_menu(port):
    chosen, other = b"\x1b[0m\x1b[37m\x1b[40m", b"\x1b[0m\x1b[30m\x1b[47m"
    console = received(port, chosen + b"\x1b[08;04HFast boot" + other + b"\x1b[09;04HShell")
    assert console.highlighted() == "Fast boot"
    console = received(port, other + b"\x1b[08;04HFast boot" + chosen + b"\x1b[09;04HShell" + other)
    assert console.highlighted() == "Shell"


def test_longest_file_is_handed_out_first(monkeypatch):
    """Whatever order xdist has put the files into."""
    handed_out = []
    monkeypatch.setattr(costs.LoadFileScheduling, "_assign_work_unit",
                        lambda self, _: handed_out.append(self.workqueue.popitem(last=False)[0]))
    scheduler = costs.ByCost.__new__(costs.ByCost)
    scheduler.workqueue = collections.OrderedDict.fromkeys(
        ["test_harness.py", "decoder/test_fbimage.py", "test_debian.py", "test_new.py"])
    while scheduler.workqueue:
        scheduler._assign_work_unit(None)
    assert handed_out[:2] == ["test_debian.py", "decoder/test_fbimage.py"]


@pytest.mark.skipif(not native.possible(), reason="needs root and loop devices")
def test_guest_disk_is_unmounted_although_a_process_runs(tmp_path):
    """A maintainer script may have started a process that holds files open."""
    tree, image = tmp_path / "tree", tmp_path / "disk"
    for name in ("bin", "usr/sbin", "usr/bin", "proc", "sys", "run", "tmp", "dev", "mnt"):
        (tree / name).mkdir(parents=True)
    shutil.copy("/bin/busybox", tree / "bin/sh")
    os.link(tree / "bin/sh", tree / "bin/sleep")
    os.link(tree / "bin/sh", tree / "usr/bin/env")
    host("truncate", "-s", "16M", image)
    host("mke2fs", "-q", "-t", "ext4", "-d", tree, image)
    output = host(native.ENTER, image, 0, 16 << 20, tmp_path, "/bin/sh", "-c",
                  "sleep 1000 </dev/null >/dev/null 2>&1 & echo done")
    assert output.split() == ["done"]
    host("e2fsck", "-f", "-n", image)
