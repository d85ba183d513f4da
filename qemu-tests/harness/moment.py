# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines kept as they ran, to go on from as often as wanted.

What a test is not about need not happen in it: a machine that has booted, or whose firmware
has come as far as the boot entry, is saved once (QEMU's migration to a file), and each test
goes on from there, on disks and variables of its own.
"""

import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

from . import disk
from .vm import VM, GuestError

# Bytes a second at which the firmware takes some seconds to load the loader: long enough to be
# stopped meanwhile.
SLOW = 64 << 10
LOADING = "BdsDxe: loading Boot"
STARTING = "BdsDxe: start"


@dataclass
class Moment:
    """Where others go on; nobody may write to these files any more."""
    machine: object
    disk: Path
    variables: Path
    state: Path
    drives: list = field(default_factory=list)
    facts: dict = field(default_factory=dict)

    def copy(self, directory, log_dir, **options):
        """A VM, not started, that goes on from here with overlays of the disks."""
        image, variables, drives = disk.copy_machine(
            self.disk, self.variables, self.drives, directory)
        return VM(self.machine, image, variables, log_dir, incoming=self.state,
                  **{"drives": drives, **options})

    def on(self, vm, log_dir):
        """A VM, not started, that goes on from here with an earlier one's disks.

        What it was going to read of them is what it would have read of this moment's.
        """
        shutil.copy(self.variables, vm.variables)
        return VM(self.machine, vm.disk, vm.variables, log_dir, drives=vm.drives,
                  incoming=self.state)


def keep(vm, facts=None):
    """The moment of a running machine, which is over for it."""
    state = Path(vm.disk).with_suffix(".state")
    vm.save(state)
    return Moment(vm.machine, vm.disk, vm.variables, state, list(vm.drives), facts or {})


def keep_at_entry(power_on):
    """Keep a machine at the moment its firmware begins to load the boot entry.

    power_on(bytes_per_second) returns the VM, not started, each time on new copies.  It is stopped
    by the thread that reads its console.  Where even that comes too late, on a host that has no
    time, the disk is made slower still.
    """
    for bytes_per_second in (SLOW, SLOW // 2, SLOW // 4, SLOW // 8):
        vm = power_on(bytes_per_second)
        vm.on_line = lambda _, line, vm=vm: LOADING in line and vm.qmp.command("stop")
        with vm:
            vm.wait_console(LOADING)
            while vm.qmp.command("query-status")["running"]:
                time.sleep(0.01)
            kept = keep(vm)
        # Only now everything has arrived that was said before the stop.
        if not any(STARTING in port.text() for port in (vm.console, vm.shell)):
            return kept
        kept.state.unlink()
    raise GuestError(f"{vm.machine.name}: its boot entry was started before it was stopped")
