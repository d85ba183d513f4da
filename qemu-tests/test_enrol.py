# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine's owner enrols the key, on the screens of MokManager.

FASTBOOT_RENEW_PICTURES=1 renews the pictures of docs/secure-boot-setup.md.
"""

import pytest

from harness import checks, mok, variables
from harness.machines import SECURE
from harness.screen import keep, wait_for_picture
from harness.vm import KERNEL_STARTS
from test_secure_boot import BOX

pytestmark = pytest.mark.full

PASSWORD = "fastboot1"
WITH_SCREEN = SECURE.changed(name="tiny-secure-screen", graphics=True)
BLUE = (0x00, 0x00, 0x98)           # MokManager's ground
NAMES = {"MokNew", "MokAuth"}


def asked(lab, entries):
    """A machine that is off; its owner's key is not enrolled yet, but asked for."""
    vm = lab.fresh(WITH_SCREEN)
    variables.delete(vm.variables, "MokList")
    variables.write(vm.variables, [
        *variables.boot_in_order(entries),
        *(variables.Variable(name, variables.SHIM, variables.EVERYWHERE, data)
          for name, data in mok.request(variables.SHIM, PASSWORD).items())])
    return vm


def panel(vm, name):
    """The blue panel, when two looks in a row show the same."""
    last = []

    def is_still(picture):
        last.append(picture.rows)
        return picture.box(BLUE) and last[-2:-1] == last[-1:]

    picture = wait_for_picture(vm, name, is_still)
    return picture.crop(*picture.box(BLUE))


def test_screens(lab):
    """Then shim starts the loader, and the kernel takes the module."""
    vm = asked(lab, [variables.loader_entry(WITH_SCREEN), variables.DEBIAN]).start()
    seen = []

    def see(screen):
        picture = panel(vm, screen.name)
        assert picture.rows not in seen
        seen.append(picture.rows)
        keep(picture, f"mok-{screen.name}.png")

    mok.enrol(vm, PASSWORD, see)
    checks.normal_boot_after_refusal(vm, "slot-empty")
    vm.power_off()
    left = set(variables.read(vm.variables))
    assert "MokList" in left and not NAMES & left


def test_nobody_presses_a_key(lab):
    """Then the machine boots normally, and is not asked again."""
    vm = asked(lab, [variables.DEBIAN]).start()
    vm.wait_console(mok.screens(PASSWORD)[0].shows)
    vm.wait_console(KERNEL_STARTS)
    vm.wait_shell()
    vm.power_off()
    assert not ({"MokList"} | NAMES) & set(variables.read(vm.variables))


def answer_box(vm):
    vm.wait_console(BOX)
    vm.wait_console(" OK ")     # drawn last
    vm.send_keys("ret")


def test_way_out_of_the_box(lab):
    """After `fastbootctl next` for a loader that shim does not start: four keys to GRUB."""
    entry = variables.loader_entry(WITH_SCREEN)
    vm = lab.fresh(WITH_SCREEN)
    variables.delete(vm.variables, "MokList")
    variables.write(vm.variables, [
        *variables.boot_in_order([variables.DEBIAN, entry]),
        variables.Variable("BootNext", variables.GLOBAL, variables.EVERYWHERE,
                           entry.number.to_bytes(2, "little"))])
    vm.start()
    answer_box(vm)
    vm.wait_console(mok.screens(PASSWORD)[0].shows)
    vm.send_keys("spc")
    vm.wait_console("Continue boot")
    vm.send_keys("ret")
    answer_box(vm)      # shim has tried again
    vm.wait_shell()
    assert not vm.console.first("fastboot: ")
