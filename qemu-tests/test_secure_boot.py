# SPDX-License-Identifier: GPL-2.0-or-later
"""Secure Boot on: the firmware starts shim, shim the signed loader.

What is saved there is sealed: test_seal.py.
"""

import re
import time

import pytest

from harness import checks, disk, guests, mok, variables
from harness.machines import SECURE
from harness.paths import LOADER, host
from harness.screen import look, wait_for_rest
from harness.vm import KERNEL_STARTS, REFUSED

# shim's box; nothing but a key ends it.
BOX = r"Verification failed: \(0x1A\) Security Violation"
MOK_MANAGER = "Press any key to perform MOK management"
PATIENCE = 5   # seconds
FOREIGN = "/tmp/foreign.ko"
# EKEYREJECTED or, where only lockdown asks for a signature, EPERM (kernel/module/signing.c).
REJECTED = "Key was rejected|Operation not permitted"


@pytest.fixture(scope="module", params=[
    SECURE,
    *(pytest.param(SECURE.changed(name=f"tiny-secure-{series}", series=series),
                   marks=pytest.mark.full) for series in ("6.1", "newest"))
], ids=lambda machine: machine.name)
def locked(request, module_lab):
    """A machine without an image, booted by shim, the loader, shim again, GRUB."""
    vm = module_lab.fresh(request.param).start()
    checks.normal_boot_after_refusal(vm, "slot-empty")
    vm.run("mount -t securityfs securityfs /sys/kernel/security")
    checks.start_counter(vm)
    return vm


def test_a_refusal_needs_no_other_entry(locked):
    """shim itself starts GRUB after EFI_NOT_FOUND."""
    started = [line for _, line in locked.console.lines if "BdsDxe: starting" in line]
    assert len(started) == 1 and "Fast boot" in started[0]


def test_options_reach_the_loader(lab):
    """All of them: it names the third, 2.  And shim starts GRUB after EFI_INVALID_PARAMETER, too.
    """
    vm = lab.fresh(SECURE)
    options = f"partuuid={disk.PARTUUID['area']} quiet slot=z"
    variables.write(vm.variables, [variables.boot_variable(
        variables.loader_entry(SECURE, options))])
    vm.start()
    assert vm.wait_firmware(REFUSED).group(1) == "bad-option"
    vm.wait_firmware(r"fastboot:   boot entry option 2 \(")
    vm.wait_console("Welcome to GRUB!")


def test_kernel_takes_only_signed_modules(locked):
    """Those signed by the machine's owner are among them."""
    assert "[integrity]" in locked.run("cat /sys/kernel/security/lockdown").output
    module = "$(modinfo -n pm_witness)"
    locked.run(f"head -c -100 {module} >{FOREIGN}")  # cuts into the signature
    answer = locked.run(f"insmod {FOREIGN}", check=False)
    assert answer.status and re.search(REJECTED, answer.output), answer.output
    locked.run("modprobe pm_witness")
    assert {"fastboot_snapshot", "pm_witness"} <= set(locked.run("lsmod").output.split())


def test_hibernation_is_closed(locked):
    """To programs, before and after the module has taken a sealed image."""
    checks.hibernation_is_closed(locked)
    checks.saved(locked, 1)
    checks.hibernation_is_closed(locked)


def forget_the_key(vm):
    variables.delete(vm.variables, "MokList")


def take_sbat_away(vm):
    bare, signed = vm.disk.with_suffix(".bare"), vm.disk.with_suffix(".signed")
    host("objcopy", "--remove-section", ".sbat", LOADER, bare)
    mok.sign(bare, signed)
    disk.put_on_esp(vm.machine, vm.disk, [(signed, disk.ON_ESP["loader"])])


@pytest.mark.parametrize("spoil", [forget_the_key, take_sbat_away])
def test_shim_waits_for_a_person(lab, spoil):
    """A loader that shim does not start stops the machine, if its entry is the first.

    So before `fastbootctl install --first` makes it that, it must know that shim starts it.
    """
    vm = lab.fresh(SECURE.changed(graphics=True))
    spoil(vm)
    vm.start()
    vm.wait_console(BOX)
    vm.wait_console(" OK ")  # the frame around it follows
    box = wait_for_rest(vm)
    time.sleep(PATIENCE)
    assert look(vm, "later").rows == box.rows
    vm.send_keys("ret")
    vm.wait_console(MOK_MANAGER)
    assert not vm.console.first(f"fastboot: |{KERNEL_STARTS}")


def test_variables_are_kept(tmp_path):
    """Those that only boot services see, too, and the others stay as they are."""
    guests.ensure_secure_boot()
    store = tmp_path / "variables.fd"
    variables.make(SECURE, store)
    before = variables.read(store)
    hidden = variables.Variable("FastbootTest", variables.FASTBOOT,
                                variables.NON_VOLATILE | variables.BOOT_SERVICE, b"\0\1\2")
    variables.write(store, [hidden])
    assert variables.read(store) == {**before, hidden.name: hidden}
    variables.delete(store, hidden.name)
    assert variables.read(store) == before
