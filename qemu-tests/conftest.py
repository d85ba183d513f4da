# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures: golden systems that are made once a run, machines that end with their test.

The tests may run in several processes (pytest-xdist), all tests of a file in the same one: what
they share is on disk, protected by a lock.
"""

import collections
import fcntl
import json
import re
import shutil
import time

import pytest

from harness import checks, costs, golden, guests, moment
from harness.guests import locked
from harness.paths import LOGS, QEMU_TESTS, RUN, WORK
from harness.vm import LOST_INTERRUPT, VM

TIMES = LOGS / "times.json"


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="run the full matrix")
    parser.addoption("--keep", action="store_true", help=f"leave the disks in {RUN}")


def pytest_configure(config):
    unknown = {path.name for path in QEMU_TESTS.rglob("test_*.py")} ^ set(costs.read())
    if unknown:
        raise pytest.UsageError(f"{costs.WHERE} and the files differ: {sorted(unknown)}")


def pytest_collection_modifyitems(config, items):
    """Leave out the tests of the full matrix, unless --full asks for them."""
    if config.getoption("--full"):
        return
    kept = [item for item in items if not item.get_closest_marker("full")]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def pytest_xdist_make_scheduler(config, log):
    return costs.ByCost(config, log)


def is_worker(session):
    """Is this a process that gets its tests from another one?"""
    return hasattr(session.config, "workerinput")


def pytest_sessionstart(session):
    if is_worker(session) or session.config.option.collectonly:
        return
    WORK.mkdir(parents=True, exist_ok=True)
    session.run_lock = open(WORK / "tests.lock", "w")
    try:
        fcntl.flock(session.run_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        session.run_lock = None
        pytest.exit(f"another test run is using {RUN}: wait until it has ended", returncode=3)
    shutil.rmtree(RUN, ignore_errors=True)


def pytest_sessionfinish(session):
    if getattr(session, "run_lock", None) and not session.config.getoption("--keep"):
        shutil.rmtree(RUN, ignore_errors=True)


def log_dir_for(name):
    directory = LOGS / re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-")
    shutil.rmtree(directory, ignore_errors=True)
    return directory


class Goldens:
    """Golden systems by row; all users of a row pass the same prepare."""

    def __call__(self, machine, prepare=None, **options):
        """The arguments are make_golden's; prepare and after are by default those of traces."""
        if prepare is None:
            prepare = checks.leave_traces
            options["after"] = checks.seen_of_the_snapshot
        name = f"golden-{machine.name}"
        made = RUN / f"{name}.json"
        with locked(RUN / f"{name}.lock"):
            result = json.loads(made.read_text()) if made.exists() else None
            if not result:
                result = self._make(machine, name, prepare, options)
                if LOST_INTERRUPT not in result.get("error", ""):  # that is worth another try
                    made.write_text(json.dumps(result))
        if "error" in result:
            # With a traceback: without one, pytest-rerunfailures 10.2 ends the whole run.
            pytest.fail(f"{name} could not be made: {result['error']}")
        place = RUN / name
        return golden.Golden(machine, place / "golden.qcow2", place / "variables.fd",
                             golden.second_disks(machine, place), result["facts"])

    @staticmethod
    def _make(machine, name, prepare, options):
        try:
            made = golden.make_golden(machine, RUN / name, log_dir_for(name), prepare, **options)
        except Exception as error:  # kept: every test of the row reports it
            return {"error": str(error)}
        troubles = [line for console in made.consoles for line in console.trouble()]
        if troubles:
            return {"error": "trouble on the console: " + "; ".join(troubles)}
        return {"facts": made.facts}


@pytest.fixture(scope="session")
def goldens():
    return Goldens()


class Lab:
    """The machines of one test, which end with it."""

    def __init__(self, name, node):
        self._node = node
        self.log_dir = log_dir_for(name)
        self.work = RUN / self.log_dir.name
        self._machines = []

    def copy(self, source, machine=None, **options):
        """A VM, not started, on throw-away copies of a golden system's disk and variables."""
        number = len(self._machines)
        return self.own(source.copy(self.work / str(number), self.log_dir, machine, **options))

    def at_entry(self, source, after=None, **options):
        """Like copy, or like again if `after` is an earlier VM, but started at the boot entry.

        The firmware has already begun to load that entry.  This is for tests of what follows,
        not for tests of what the firmware makes of the disk.
        """
        return self._from(source.at_entry(self.log_dir), after, options)

    def normal(self, source, after=None):
        """Like at_entry, but in a normal boot, whose shell has answered; started."""
        return self._from(source.normal(self.log_dir), after, {}).start()

    def _from(self, kept, after, options):
        if after:
            return self.own(kept.on(after, self.log_dir))
        number = len(self._machines)
        return self.own(kept.copy(self.work / str(number), self.log_dir, **options))

    def again(self, vm, machine=None, **options):
        """A new VM, not started, on the disk and variables of an earlier one."""
        return self.own(VM(machine or vm.machine, vm.disk, vm.variables, self.log_dir,
                           **{"drives": vm.drives, **options}))

    def fresh(self, machine):
        """A VM, not started, on a newly built disk, without an image or an installed loader."""
        guests.ensure_product(machine)
        place = self.work / f"fresh-{machine.name}"
        image, variables = golden.fresh_machine(machine, place)
        return self.own(VM(machine, image, variables, self.log_dir,
                           drives=golden.second_disks(machine, place)))

    def warm(self, machine):
        """Like fresh, with firmware variables that have settled, so that images can be restored."""
        vm = self.fresh(machine)
        self._machines += golden.settle_variables(machine, vm.disk, vm.variables, self.log_dir,
                                                  drives=vm.drives)
        return vm

    def booted(self, machine):
        """A VM that runs and whose shell answers; otherwise like warm."""
        place = RUN / f"booted-{machine.name}"
        with locked(place.with_suffix(".lock")):
            if not (place / "golden.state").exists():
                self._boot(machine, place)
        kept = moment.Moment(machine, place / "golden.qcow2", place / "variables.fd",
                             place / "golden.state", golden.second_disks(machine, place))
        number = len(self._machines)
        vm = self.own(kept.copy(self.work / str(number), self.log_dir)).start()
        vm.run("hwclock -s -u")  # the system clock stopped with the VM, the RTC did not
        return vm

    def ready(self, machine, options=None):
        """Like booted, with a boot entry (options: its own) and the module; without an image."""
        vm = self.booted(machine)
        golden.install_loader(vm, options=options)
        vm.run("modprobe fastboot_snapshot")
        return vm

    def with_module(self, machine):
        """A VM that runs on a fresh disk, with the module and the counter that refused() checks."""
        vm = self.fresh(machine).start()
        vm.wait_shell()
        vm.run("modprobe fastboot_snapshot")
        checks.start_counter(vm)
        return vm

    def _boot(self, machine, place):
        guests.ensure_product(machine)
        image, variables = golden.fresh_machine(machine, place)
        drives = golden.second_disks(machine, place)
        self._machines += golden.settle_variables(machine, image, variables, self.log_dir,
                                                  drives=drives)
        vm = self.own(VM(machine, image, variables, self.log_dir, drives=drives)).start()
        vm.wait_shell()
        moment.keep(vm)

    def own(self, vm):
        """End the machine with the test, and let trouble on its console fail the test."""
        self._machines.append(vm)
        return vm

    def note(self, **figures):
        """Keep figures for the table that ends the run."""
        self._node.user_properties.append(("figures", figures))

    def close(self):
        for vm in self._machines:
            vm.kill()
        shutil.rmtree(self.work, ignore_errors=True)

    def troubles(self):
        return [line for vm in self._machines if vm.started
                for line in vm.console.trouble()]


def lab_for(node, name):
    lab = Lab(name, node)
    yield lab
    lab.close()
    expected = [marker.args[0] for marker in node.iter_markers("trouble_expected")]
    unexpected = [line for line in lab.troubles()
                  if not any(text in line for text in expected)]
    assert not unexpected, "trouble on a console, see " + str(lab.log_dir)


@pytest.fixture
def lab(request, goldens):
    yield from lab_for(request.node, request.node.name)


@pytest.fixture(scope="module")
def module_lab(request, goldens):
    """For machines that the tests of a module share, one test after the other."""
    yield from lab_for(request.node, request.module.__name__)


def summarise_files(terminalreporter):
    """What each file took, next to the cost in docs/testing.md."""
    seconds = collections.Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if hasattr(report, "duration"):
                seconds[report.nodeid.split("::")[0]] += report.duration
    if not seconds:
        return
    terminalreporter.section("files (seconds; tier; what docs/testing.md says)")
    for name, took in seconds.most_common():
        tier, cost = costs.row(name)
        terminalreporter.write_line(f"{took:6.0f}  {name:26} {tier:8} {cost:5}")


def report_budget(terminalreporter, config):
    """Report, without failing, that a whole default run took 1.5 times its budget or more."""
    took = time.time() - terminalreporter._sessionstarttime
    chosen = config.option.keyword or config.option.file_or_dir or config.option.lf
    if chosen or config.getoption("--full") or took <= 1.5 * costs.BUDGET:
        return
    terminalreporter.section("OVER BUDGET", sep="!")
    terminalreporter.write_line(
        f"{took / 60:.0f} minutes; docs/testing.md allows {costs.BUDGET / 60:.0f} on two quiet"
        " cores: is this machine busy or slow, or has a test become slower?")


def pytest_terminal_summary(terminalreporter, config):
    summarise_files(terminalreporter)
    report_budget(terminalreporter, config)
    rows = [{"test": report.nodeid.split("::")[-1], **figures}
            for outcome in ("passed", "failed")
            for report in terminalreporter.stats.get(outcome, []) if report.when == "call"
            for name, figures in report.user_properties if name == "figures"]
    if not rows:
        return
    TIMES.parent.mkdir(parents=True, exist_ok=True)
    TIMES.write_text(json.dumps({"when": time.time(), "figures": rows}, indent=1) + "\n")
    terminalreporter.section("figures (seconds)")
    for row in rows:
        words = [f"{key}={value:.2f}" if isinstance(value, float) else f"{key}={value}"
                 for key, value in row.items() if key != "test"]
        terminalreporter.write_line(f"{row['test']}: {' '.join(words)}")
