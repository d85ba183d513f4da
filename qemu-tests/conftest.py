# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures: golden systems made once a run, machines that end with their test."""

import fcntl
import json
import re
import shutil
import time

import pytest

from harness import checks, golden, guests
from harness.paths import LOGS, WORK
from harness.vm import VM

RUN = WORK / "tests"
TIMES = LOGS / "times.json"
_times = []


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="run the full matrix")
    parser.addoption("--keep", action="store_true", help=f"leave the disks in {RUN}")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--full"):
        return
    kept = [item for item in items if not item.get_closest_marker("full")]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def log_dir_for(name):
    directory = LOGS / re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-")
    shutil.rmtree(directory, ignore_errors=True)
    return directory


class Goldens:
    """Golden systems by row; a row has one and the same prepare everywhere."""

    def __init__(self):
        self._made = {}
        self._lock = open(WORK / "tests.lock", "w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pytest.exit(f"another test run works in {RUN}: wait for its end", returncode=3)
        shutil.rmtree(RUN, ignore_errors=True)

    def __call__(self, machine, prepare=checks.leave_traces, **options):
        name = f"golden-{machine.name}"
        if name not in self._made:
            self._made[name] = self._make(machine, name, prepare, options)
        made = self._made[name]
        if isinstance(made, Exception):
            pytest.fail(f"{name} could not be made: {made}", pytrace=False)
        return made

    def _make(self, machine, name, prepare, options):
        try:
            made = golden.make_golden(machine, RUN / name, log_dir_for(name), prepare, **options)
            troubles = [line for console in made.consoles for line in console.trouble()]
            if troubles:
                raise RuntimeError("trouble on the console: " + "; ".join(troubles))
            return made
        except Exception as error:  # kept, so that every test of the row reports it
            return error


@pytest.fixture(scope="session")
def goldens(request):
    WORK.mkdir(parents=True, exist_ok=True)
    yield Goldens()
    if not request.config.getoption("--keep"):
        shutil.rmtree(RUN, ignore_errors=True)


class Lab:
    """What a test works with: machines of its own, gone when it ends."""

    def __init__(self, name):
        self.name = name
        self.log_dir = log_dir_for(name)
        self.work = RUN / self.log_dir.name
        self._machines = []

    def copy(self, source, machine=None, **options):
        """A VM, not started, on throw-away copies of a golden's disk and variables."""
        number = len(self._machines)
        return self.own(source.copy(self.work / str(number), self.log_dir, machine, **options))

    def again(self, vm, machine=None, **options):
        """A new QEMU process, not started, on the disk and variables of an earlier one."""
        return self.own(VM(machine or vm.machine, vm.disk, vm.variables, self.log_dir,
                           **{"drives": vm.drives, **options}))

    def fresh(self, machine):
        """A VM, not started, on a newly built disk: no golden, no loader installed."""
        guests.ensure_product(machine)
        image, variables = golden.fresh_machine(machine, self.work / f"fresh-{machine.name}")
        return self.own(VM(machine, image, variables, self.log_dir))

    def warm(self, machine, before=lambda vm: None):
        """Like fresh, with a firmware that has settled: an image of it can be restored.

        before(vm) may change the disk while it is new.
        """
        vm = self.fresh(machine)
        before(vm)
        self._machines.append(golden.warm_up(machine, vm.disk, vm.variables, self.log_dir))
        return vm

    def own(self, vm):
        """Let the machine end with the test, and its console be watched."""
        self._machines.append(vm)
        return vm

    def note(self, **figures):
        """Keep figures for the table at the end of the run."""
        _times.append({"test": self.name, **figures})

    def close(self):
        for vm in self._machines:
            vm.kill()
        shutil.rmtree(self.work, ignore_errors=True)

    def troubles(self):
        return [line for vm in self._machines if vm.started
                for line in vm.console.trouble()]


def bench_for(node, name):
    bench = Lab(name)
    yield bench
    bench.close()
    expected = [marker.args[0] for marker in node.iter_markers("trouble_expected")]
    unexpected = [line for line in bench.troubles()
                  if not any(text in line for text in expected)]
    assert not unexpected, "trouble on a console, see " + str(bench.log_dir)


@pytest.fixture
def lab(request, goldens):
    yield from bench_for(request.node, request.node.name)


@pytest.fixture(scope="module")
def module_lab(request, goldens):
    """For machines that the tests of a module share, one after the other."""
    yield from bench_for(request.node, request.module.__name__)


def pytest_terminal_summary(terminalreporter):
    if not _times:
        return
    TIMES.parent.mkdir(parents=True, exist_ok=True)
    TIMES.write_text(json.dumps({"when": time.time(), "figures": _times}, indent=1) + "\n")
    terminalreporter.section("figures (seconds)")
    for row in _times:
        words = [f"{key}={value:.2f}" if isinstance(value, float) else f"{key}={value}"
                 for key, value in row.items() if key != "test"]
        terminalreporter.write_line(f"{row['test']}: {' '.join(words)}")
