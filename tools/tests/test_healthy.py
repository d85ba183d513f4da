# SPDX-License-Identifier: GPL-2.0-or-later
"""The check that follows a restore, with fake systemctl and fastbootctl and a faster clock."""
import os
import shutil
import subprocess
import time

import pytest

from tool import TOOLS

HEALTHY = TOOLS / "systemd/healthy"


class Check:
    """A run of systemd/healthy; files hold the answers to its queries."""

    def __init__(self, tmp_path):
        self.dir = tmp_path
        self.marks = tmp_path / "marks"
        self.active = tmp_path / "active"
        self.slept = tmp_path / "slept"
        self.state = tmp_path / "state"
        self.state.write_text("running\n")
        tools = tmp_path / "tools"
        tools.mkdir()
        self.tool(tools / "systemctl", f"""
            case $* in
            '--quiet is-active custom.target') [ -e {self.active} ] ;;
            is-system-running) cat {self.state}; exit 1 ;;
            *) echo "asked for $*" >&2; exit 99 ;;
            esac""")
        self.tool(tools / "fastbootctl", f"""
            echo "$*" >>{self.marks}
            exit $(cat {tmp_path}/status 2>/dev/null || echo 0)""")
        self.tool(tools / "sleep", f"""
            echo "$1" >>{self.slept}
            centi=$(($1 * 2))
            exec {shutil.which('sleep')} $((centi / 100)).$((centi / 10 % 10))$((centi % 10))""")
        self.path = f"{tools}:{os.environ['PATH']}"
        self.process = None

    @staticmethod
    def tool(path, script):
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def start(self, delay):
        self.process = subprocess.Popen(
            [HEALTHY], stderr=subprocess.PIPE, text=True,
            env={"PATH": self.path, "HEALTHY_TARGET": "custom.target",
                 "HEALTHY_DELAY": str(delay)})

    def end(self):
        _, err = self.process.communicate(timeout=20)
        assert err == ""
        return self.process.returncode

    def seconds(self):
        """The sum of the waits begun so far; waits for the first."""
        until = time.monotonic() + 20
        while not (self.slept.exists() and self.slept.read_text().endswith("\n")):
            assert time.monotonic() < until
            time.sleep(0.01)
        return sum(map(int, self.slept.read_text().split()))

    def marked(self):
        return self.marks.read_text().splitlines() if self.marks.exists() else []


@pytest.fixture
def check(tmp_path):
    made = Check(tmp_path)
    yield made
    if made.process and made.process.poll() is None:
        made.process.kill()
        made.process.communicate()


def test_healthy_after_the_delay(check):
    check.active.touch()
    check.start(delay=30)
    assert check.seconds() == 30 and check.marked() == []
    assert check.end() == 0
    assert check.seconds() == 30
    assert check.marked() == ["mark-good"]


def test_healthy_fails_as_mark_good_does(check, tmp_path):
    check.active.touch()
    (tmp_path / "status").write_text("3\n")
    check.start(delay=0)
    assert check.end() == 3


def test_healthy_waits_for_a_late_target(check):
    check.start(delay=3)
    while check.seconds() < 30:
        time.sleep(0.01)
    assert check.process.poll() is None and check.marked() == []
    check.active.touch()
    assert check.end() == 0
    assert check.marked() == ["mark-good"]


@pytest.mark.parametrize("reached,state,marks", [
    (True, "stopping", ["mark-good"]),  # an early but clean shutdown
    (False, "stopping", []),            # before the system was up
    (True, "running", []),              # only the unit is stopped or restarted
    (True, "maintenance", []),          # on the way to the rescue shell
])
def test_healthy_when_stopped_early(check, reached, state, marks):
    if reached:
        check.active.touch()
    check.start(delay=6000)
    assert check.seconds() <= 6000
    check.active.unlink(missing_ok=True)  # the shutdown stops the target too
    check.state.write_text(f"{state}\n")
    check.process.terminate()
    assert check.end() == 0
    assert check.marked() == marks


@pytest.mark.parametrize("delay", ["", "1.5", "soon", "-1"])
def test_healthy_needs_seconds(check, delay):
    check.active.touch()
    check.start(delay)
    if delay == "":  # counts as not set
        assert check.end() == 0
        assert check.seconds() == 30
        return
    _, err = check.process.communicate(timeout=20)
    assert check.process.returncode == 2 and "HEALTHY_DELAY" in err
    assert check.marked() == []


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_the_unit_is_well_formed(tmp_path):
    unit = (HEALTHY.parent / "fastboot-healthy.service").read_text()
    assert "ExecStart=/usr/lib/fastboot/healthy\n" in unit
    here = tmp_path / "fastboot-healthy.service"
    here.write_text(unit.replace("/usr/lib/fastboot/healthy", str(HEALTHY)))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(here)],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and str(here.name) not in done.stderr, done.stderr
