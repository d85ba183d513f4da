# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines that are kept as they ran, so that tests can start from there.

A test need not repeat what it is not about: a machine that has booted, or whose firmware
has reached the boot entry, is saved once (QEMU's migration to a file), and each test
continues from there, on its own disks and variables.
"""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from . import disk
from .vm import VM, Fault, GuestError

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


def keep_at_entry(vm):
    """Keep a machine at the moment its firmware reads the file of the boot entry.

    vm: not started, on copies of its own.  It stops by itself, at a read that fails and that
    the kept machine repeats.  No message tells the moment: EDK II says "loading" only after
    it has read the file (MdeModulePkg/Library/UefiBootManagerLib/BmBoot.c).
    """
    vm.faults = [Fault("read", sector) for sector in disk.boot_file_sectors(vm.machine, vm.disk)]
    vm.stop_at_fault = True
    with vm:
        vm.wait_stopped()
        kept = keep(vm)
    # Only now all output from before the stop has arrived.
    if any(STARTING in port.text() for port in (vm.console, vm.shell)):
        raise GuestError(f"{vm.machine.name}: its boot entry was started before it was stopped")
    return kept
