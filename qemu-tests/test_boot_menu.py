# SPDX-License-Identifier: GPL-2.0-or-later
"""The user's two ways to a fast boot that is not the default: the menu and BootNext."""

import base64
import re
import struct

import pytest

from harness import checks, machines
from harness.golden import Golden
from harness.product import EFIVARS
from harness.vm import GuestError
from harness.waiting import wait_until

GLOBAL_GUID = "8be4df61-93ca-11d2-aa0d-00e098032b8c"
ATTRIBUTES = 7  # non-volatile, boot services, run time


def read_variable(vm, name):
    data = vm.run(f"base64 {EFIVARS}/{name}-{GLOBAL_GUID}").output
    return base64.b64decode(data)[4:]


def write_variable(vm, name, data):
    octal = "".join(f"\\{byte:03o}" for byte in struct.pack("<I", ATTRIBUTES) + data)
    vm.run(f"printf '{octal}' >{EFIVARS}/{name}-{GLOBAL_GUID}")


def entry_name(vm, number):
    option = read_variable(vm, f"Boot{number:04X}")
    return option[6:].decode("utf-16-le", "replace").split("\0")[0]


def boot_order(vm):
    data = read_variable(vm, "BootOrder")
    return list(struct.unpack(f"<{len(data) // 2}H", data))


@pytest.fixture(scope="module")
def golden(goldens):
    return goldens(machines.TINY)


@pytest.fixture(scope="module")
def not_default(module_lab, golden):
    """(a machine that is off, whose fast boot comes last in the boot order, that entry's number).

    Also a test of firmware variables that a restored system writes.
    """
    vm = module_lab.at_entry(golden).start()
    vm.wait_restored()
    order = boot_order(vm)
    fast = next(number for number in order if entry_name(vm, number) == "Fast boot")
    write_variable(vm, "BootOrder", struct.pack(
        f"<{len(order)}H", *[number for number in order if number != fast], fast))
    vm.power_off()
    return Golden.of(vm, golden.facts), fast


def press(vm, key):
    """Press a key, and wait until the firmware's menu highlights something else."""
    before = vm.console.highlighted()
    vm.send_keys(key, pause=0)
    wait_until(lambda: vm.console.highlighted() != before, f"the menu leaves {before!r}", 30, 0.05)


def move_to(vm, title, limit=20):
    for _ in range(limit):
        if vm.console.highlighted() == title:
            return
        press(vm, "down")
    raise GuestError(f"the menu has no {title!r}")


def open_front_page(vm):
    """Press Esc while the firmware waits, until its menu appears."""
    for _ in range(100):
        vm.send_keys("esc", pause=0.2)
        if vm.console.highlighted():
            return
    raise GuestError("the firmware did not show its menu")


def test_menu_by_key_strokes(lab, golden, not_default):
    before, fast = not_default
    vm = lab.copy(before, before.machine.changed(menu_wait=5)).start()
    open_front_page(vm)
    vm.screendump(lab.log_dir / "front-page.png")
    move_to(vm, "Boot Manager")
    press(vm, "ret")
    move_to(vm, "Fast boot")
    vm.screendump(lab.log_dir / "boot-manager.png")
    vm.send_keys("ret")
    vm.wait_console(f"BdsDxe: starting Boot{fast:04X}|fastboot: ")
    vm.send_keys("ret", "down", "spc", pause=0.05)  # keys that the loader must ignore
    vm.wait_restored()
    checks.restored_state(vm, restores=2)
    checks.traces(vm, golden.facts)


def test_boot_next(lab, golden, not_default):
    """One fast boot by the firmware's own BootNext, then a normal boot."""
    before, fast = not_default
    vm = lab.copy(before).start()
    vm.wait_shell()
    assert not re.search("fastboot: ", "\n".join(line for _, line in vm.console.lines))
    write_variable(vm, "BootNext", struct.pack("<H", fast))
    vm.power_off()

    vm = lab.again(vm).start()
    vm.wait_restored()
    checks.restored_state(vm, restores=2)
    checks.traces(vm, golden.facts)
    vm.kill()

    vm = lab.again(vm).start()
    vm.wait_shell()
    vm.run("modprobe fastboot_snapshot")
    assert vm.state() == "idle"
