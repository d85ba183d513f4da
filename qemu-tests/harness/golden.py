# SPDX-License-Identifier: GPL-2.0-or-later
"""The golden system of a machine: made once, tested on copies.

It is the disk of a machine that is off, with a golden image, and its firmware variables.
The first boot only lets the variables settle: OVMF sizes its memory bins by what
the previous boot needed, and they must not change after an image was taken.
"""

import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

from . import disk, guests, moment, stacks, variables as store
from .guests import locked
from .paths import WARM
from .vm import GOLDEN, KERNEL_STARTS, VM, GuestError

LOADER_IN_GUEST = "/usr/lib/fastboot/fastbootx64.efi"
SNAPSHOT = "/sys/power/fastboot_snapshot"


def take_snapshot(vm, timeout=180, command=f"echo golden >{SNAPSHOT}"):
    """Run the command in the guest's shell; returns the seconds it took.

    A fast boot continues at the end of this command, where wait_restored waits for it.
    """
    begun = time.monotonic()
    vm.run(command, timeout=timeout, name=GOLDEN)
    return time.monotonic() - begun


def settle(vm, timeout=300):
    """Wait until systemd has finished the boot; services answer long before that.

    What a boot has left to do when its image is taken is done again after each restore.
    """
    vm.run("systemctl is-system-running --wait", timeout=timeout, check=False)


def install_loader(vm, first=True, options=None):
    """Install the loader and its boot entry; the ESP is mounted only meanwhile."""
    esp = vm.machine.partition(disk.ESP)
    flag = "--first" if first else ""
    if options is not None:
        flag += f" --options '{options}'"
    vm.run("mkdir -p /run/esp")
    vm.run(f"mount -t vfat {esp} /run/esp")
    try:
        return vm.run(f"fastbootctl install --esp /run/esp --loader {LOADER_IN_GUEST} {flag}")
    finally:
        vm.run("umount /run/esp")


def fresh_machine(machine, directory):
    """Build the disk and a new machine's variables; returns (disk, variables)."""
    guests.ensure_guest(machine.guest, machine.series)
    if machine.firmware.secure:
        guests.ensure_secure_boot()
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    disk.make_disk(machine, directory / "disk.raw")
    disk.make_overlay(directory / "disk.raw", directory / "golden.qcow2", "raw")
    store.make(machine, directory / "variables.fd")
    if machine.second_disk:
        disk.make_second_disk(machine, directory / "second.raw")
        disk.make_overlay(directory / "second.raw", directory / "second.qcow2", "raw")
    return directory / "golden.qcow2", directory / "variables.fd"


def second_disks(machine, directory):
    return [directory / "second.qcow2"] if machine.second_disk else []


def warm_up(machine, image, variables, log_dir, **options):
    """Start a new machine once; it makes its storage stack, and is installed in its disk."""
    with VM(machine, image, variables, log_dir, **options) as vm:
        vm.wait_console(KERNEL_STARTS)
        if machine.stack:
            vm.wait_shell()
            stacks.make(vm)
            install_once(vm)
            vm.power_off()
    return vm


def install_once(vm):
    """With Secure Boot the loader and its entry are there from the start."""
    if not vm.machine.firmware.secure:
        install_loader(vm, options=vm.machine.loader)


def settle_variables(machine, image, variables, log_dir, **options):
    """Like warm_up, or a copy of what a machine with the same firmware_key() has left.

    A storage stack is made in any case.  Returns the machines, none or one, that were started.
    """
    store = WARM / f"{machine.firmware_key()}.fd"
    with locked(store.with_suffix(".lock")):
        settled = store.exists()
        if settled:
            shutil.copy(store, variables)
            if not machine.stack:
                return []
        vm = warm_up(machine, image, variables, log_dir, **options)
        if not settled:
            shutil.copy(variables, store)
        return [vm]


@dataclass
class Golden:
    machine: object
    disk: Path
    variables: Path
    drives: list
    facts: dict = field(default_factory=dict)
    consoles: list = field(default_factory=list)

    @classmethod
    def of(cls, vm, facts):
        """The golden system of a machine that is off and has an image."""
        return cls(vm.machine, vm.disk, vm.variables, list(vm.drives), facts)

    def at_entry(self, log_dir):
        """The Moment at which its firmware is about to start the boot entry."""
        place = self.disk.parent / "entry"
        with locked(place.with_suffix(".lock")):
            if not (place / "disk.state").exists():
                moment.keep_at_entry(self.copy(place, log_dir))
        return moment.Moment(self.machine, self.disk, place / "variables.fd", place / "disk.state",
                             self.drives, self.facts)

    def normal(self, log_dir):
        """The Moment of a normal boot at which the shell has answered and no disk was written."""
        place = self.disk.parent / "normal"
        with locked(place.with_suffix(".lock")):
            if not (place / "disk.state").exists():
                guests.ensure_secure_boot()  # has what writes variables
                vm = self.copy(place, log_dir)
                store.without_loader(vm.variables)
                with vm:
                    vm.wait_shell()
                    moment.keep(vm)
        return moment.Moment(self.machine, self.disk, place / "variables.fd", place / "disk.state",
                             self.drives, self.facts)

    def copy(self, directory, log_dir, machine=None, **options):
        """A VM, not started, on an overlay of the disk and a copy of the variables."""
        image, variables, drives = disk.copy_machine(
            self.disk, self.variables, self.drives, directory)
        return VM(machine or self.machine, image, variables, log_dir,
                  **{"drives": drives, **options})


def make_golden(machine, directory, log_dir, prepare, generation=1, take=take_snapshot,
                after=lambda vm: {}, **options):
    """Boot, install, take a snapshot, power off.

    prepare(vm) brings the guest into the state to save and returns facts about it;
    generation: of the image, other than 1 if prepare takes images, too; take(vm) takes the image
    and returns the seconds; after(vm) returns further facts of the saved machine, which
    keeps running; options: of the VM.
    """
    image, variables = fresh_machine(machine, directory)
    guests.ensure_product(machine)
    options = {"drives": second_disks(machine, directory), **options}
    golden = Golden(machine, image, variables, second_disks(machine, directory))
    warmed = settle_variables(machine, image, variables, log_dir, drives=options["drives"])
    golden.consoles += [vm.console for vm in warmed]
    with VM(machine, image, variables, log_dir, **options) as vm:
        golden.consoles.append(vm.console)
        vm.wait_shell()
        golden.facts["cold_boot"] = vm.elapsed()
        if machine.stack:
            stacks.activate(vm)
        else:
            install_once(vm)
        vm.run("modprobe fastboot_snapshot")
        golden.facts.update(prepare(vm))
        golden.facts["capture"] = take(vm)
        if vm.state() != f"saved generation={generation}":
            raise GuestError(f"after the snapshot the module says {vm.state()!r}")
        golden.facts.update(after(vm))
        vm.power_off()
    return golden
