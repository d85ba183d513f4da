# SPDX-License-Identifier: GPL-2.0-or-later
"""The boot entry's options: what the loader does when told to."""

import pytest

from harness import checks, disk, machines
from harness.golden import install_loader


@pytest.fixture
def told(lab, goldens):
    """Returns a function: a machine with a golden image and these options, at its next boot."""
    def next_boot(options):
        vm = lab.copy(goldens(machines.TINY)).start()
        vm.wait_restored()
        install_loader(vm, options=options)
        vm.power_off()
        return lab.again(vm).start()
    return next_boot


def test_simulate(told):
    """Decides, reports, boots normally; the image stays good."""
    vm = told("simulate")
    vm.wait_console("fastboot: simulated: simulated: ")
    vm.wait_shell()
    result = vm.last_result()
    assert result["result"] == "simulated"
    vm.run("modprobe fastboot_snapshot")
    assert vm.state() == "idle"
    vm.run(f"fastbootctl verify {vm.machine.partition(disk.AREA)}")


def test_verbose_on_one_core(told):
    vm = told("cores=1 verbose")
    assert vm.wait_console(r"fastboot: +(\d+) processors, (\d+) pages direct").group(1) == "1"
    vm.wait_restored()
    checks.restored_state(vm, restores=2)
    checks.processors(vm)


def test_other_slot(told):
    """The slot that was named, or none."""
    checks.normal_boot_after_refusal(told("slot=b"), "slot-empty")
