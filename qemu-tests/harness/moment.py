# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines that are kept as they ran, so that tests can start from there.

A test need not repeat what it is not about: a machine that has booted, or whose firmware
has reached the boot entry, is saved once (QEMU's migration to a file), and each test
continues from there, on its own disks and variables.
"""

import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

from . import disk
from .vm import VM, GuestError

# Bytes a second.  At this speed the firmware needs some seconds to load the loader, long enough
# to stop the machine meanwhile.
SLOW = 64 << 10
LOADING = "BdsDxe: loading Boot"
STARTING = "BdsDxe: start"


@dataclass
class Moment:
    """A kept machine, where others continue; its files must not be written to."""
    machine: object
    disk: Path
    variables: Path
    state: Path
    drives: list = field(default_factory=list)
    facts: dict = field(default_factory=dict)

    def copy(self, directory, log_dir, **options):
        """A VM, not started, that continues from here with overlays of the disks."""
        image, variables, drives = disk.copy_machine(
            self.disk, self.variables, self.drives, directory)
        return VM(self.machine, image, variables, log_dir, incoming=self.state,
                  **{"drives": drives, **options})

    def on(self, vm, log_dir):
        """A VM, not started, that continues from here with the disks of an earlier VM.

        What it has not read yet, it reads from those disks.
        """
        shutil.copy(self.variables, vm.variables)
        return VM(self.machine, vm.disk, vm.variables, log_dir, drives=vm.drives,
                  incoming=self.state)


def keep(vm, facts=None):
    """Keep a running machine; its VM ends."""
    state = Path(vm.disk).with_suffix(".state")
    vm.save(state)
    return Moment(vm.machine, vm.disk, vm.variables, state, list(vm.drives), facts or {})


def keep_at_entry(power_on):
    """Keep a machine at the moment its firmware begins to load the boot entry.

    power_on(bytes_per_second) returns the VM, not started, each time on new copies.  The thread
    that reads the console stops it.  If that is too late, on a busy host, the next attempt has
    a slower disk.
    """
    for bytes_per_second in (SLOW, SLOW // 2, SLOW // 4, SLOW // 8):
        vm = power_on(bytes_per_second)
        vm.on_line = lambda _, line, vm=vm: LOADING in line and vm.qmp.command("stop")
        with vm:
            vm.wait_console(LOADING)
            while vm.qmp.command("query-status")["running"]:
                time.sleep(0.01)
            kept = keep(vm)
        # Only now all output from before the stop has arrived.
        if not any(STARTING in port.text() for port in (vm.console, vm.shell)):
            return kept
        kept.state.unlink()
    raise GuestError(f"{vm.machine.name}: its boot entry was started before it was stopped")
