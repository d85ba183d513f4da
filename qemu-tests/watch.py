#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the next kernel breaks: the newest of each suite is built for, saved and restored.

Fetches today's newest kernel, builds the module with the compiler of its suite, takes one golden
image and restores it once.  Prints a table at the end; the exit status is 1 if a step failed.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time

from harness.paths import BUILD, LOGS, QEMU_TESTS, WORK

# name: (release whose tools build for it, suite)
SUITES = {
    "backports": ("trixie", "trixie-backports"),
    "forky": ("forky", "-"),
    "sid": ("sid", "-"),
}
TABLE = BUILD / "watch" / "kernels.table"
STEPS = ("fetch", "build", "golden", "restore")


def write_table(names):
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    TABLE.write_text("".join(
        f"watch-{name} {release} {suite} amd64 - full -\n"
        for name, (release, suite) in SUITES.items() if name in names))
    os.environ["KERNEL_TABLE"] = str(TABLE)  # for this process and those it starts


def script(log, *command):
    with open(log, "ab") as output:
        done = subprocess.run([str(word) for word in command], stdout=output,
                              stderr=subprocess.STDOUT, env=dict(os.environ, BUILD=str(BUILD)))
    if done.returncode:
        raise RuntimeError(f"exit status {done.returncode}, see {log}")


class Candidate:
    """One kernel, and the steps it goes through."""

    def __init__(self, name):
        from harness import machines  # not earlier: it reads the table
        self.series = f"watch-{name}"
        self.machine = machines.TINY.changed(name=self.series, series=self.series)
        self.logs = LOGS / self.series
        shutil.rmtree(self.logs, ignore_errors=True)
        self.logs.mkdir(parents=True)
        self.image = None

    def fetch(self):
        script(self.logs / "fetch.log", QEMU_TESTS / "guest" / "fetch-kernels", "--update",
               self.series)

    def build(self):
        script(self.logs / "build.log", QEMU_TESTS.parent / "tools" / "build" / "modules",
               self.series)

    def golden(self):
        from harness import checks, golden
        self.image = golden.make_golden(
            self.machine, WORK / self.series, self.logs, checks.leave_traces,
            after=checks.seen_of_the_snapshot)
        self.healthy(self.image.consoles)

    def restore(self):
        from harness import checks
        with self.image.copy(WORK / self.series / "copy", self.logs) as vm:
            vm.wait_restored()
            checks.restored_state(vm)
            seen = checks.seen_of_the_snapshot(vm)
            assert "close_write" not in seen["watched"], "udev reads the image's partition"
            checks.traces(vm, self.image.facts)
            checks.whole_machine(vm, "Watch")
            self.healthy([vm.console])

    @staticmethod
    def healthy(consoles):
        troubles = [line for console in consoles for line in console.trouble()]
        assert not troubles, "on the console: " + "; ".join(troubles)

    def release(self):
        place = BUILD / "kernels" / self.series / "release"
        return place.read_text().strip() if place.exists() else "?"


def walk(name):
    """(kernel, {step: its result}) of one suite."""
    candidate, outcome = Candidate(name), {}
    for step in STEPS:
        begun = time.monotonic()
        try:
            getattr(candidate, step)()
        except Exception as error:  # any error is a result
            words = str(error).strip() or type(error).__name__
            outcome[step] = "FAILED: " + words.splitlines()[0]
            break
        outcome[step] = f"ok, {time.monotonic() - begun:.0f} s"
        print(f"{name}: {step} {outcome[step]}", flush=True)
    return candidate.release(), outcome


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="*", default=list(SUITES), metavar="SUITE",
                        help=f"{', '.join(SUITES)}; default: all")
    names = parser.parse_args().suites
    unknown = set(names) - set(SUITES)
    if unknown:
        parser.error(f"no such suite: {', '.join(sorted(unknown))}")
    write_table(names)
    results = {name: walk(name) for name in names}
    print(f"\n{'suite':12}{'kernel':28}" + "".join(f"{step:12}" for step in STEPS))
    for name, (release, outcome) in results.items():
        print(f"{name:12}{release:28}"
              + "".join(f"{outcome.get(step, '-'):12}" for step in STEPS))
    print(f"\nconsoles and logs: {LOGS}/watch-*")
    sys.exit(any("FAILED" in word for _, outcome in results.values() for word in outcome.values()))


if __name__ == "__main__":
    main()
