# SPDX-License-Identifier: GPL-2.0-or-later
"""The boot entry's options: what the loader does when told to."""

import shutil

import pytest

from harness import checks, disk, product
from harness.golden import Golden, install_loader
from harness.machines import SMALL


OPTIONS = ("simulate", "cores=1 verbose", "probe", "", "slot=b")


@pytest.fixture(scope="module")
def told_machines(module_lab, goldens):
    """{options: a machine, off, whose boot entry has them}; one restored guest writes all."""
    golden = goldens(SMALL)
    vm = module_lab.at_entry(golden).start()
    vm.wait_restored()
    variables = {}
    for options in OPTIONS:
        install_loader(vm, options=options)
        variables[options] = vm.variables.with_name(f"options-{len(variables)}.fd")
        shutil.copy(vm.variables, variables[options])
    vm.power_off()
    return {options: Golden(SMALL, vm.disk, path, []) for options, path in variables.items()}


@pytest.fixture
def told(lab, told_machines):
    """Returns a function: a machine with a golden image and these options, powered on."""
    return lambda options: lab.copy(told_machines[options]).start()


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


def test_probe(told):
    """Each step was measured alone, on what the restore then worked on as well."""
    vm = told("probe")
    vm.wait_restored()
    checks.restored_state(vm, restores=2)
    told_times = product.timings(vm)
    steps = [told_times[f"probe_{step}_us"] for step in ("read", "verify", "decode")]
    assert min(steps) > 0 and sum(steps) <= told_times["probe_us"]
    assert told_times["probe_us"] < told_times["loader_decoded_us"] - told_times["loader_claimed_us"]
    assert told_times["probe_bytes_decoded"] == told_times["work_bytes_decoded"] > 0
    assert min(told_times[f"work_{step}_us"] for step in ("read", "verify", "decode", "place")) > 0


def test_without_probe(told):
    vm = told("")
    vm.wait_restored()
    assert not [key for key in product.timings(vm) if key.startswith("probe_")]


def test_other_slot(told):
    """The slot that was named, or none."""
    checks.normal_boot_after_refusal(told("slot=b"), "slot-empty")
