# SPDX-License-Identifier: GPL-2.0-or-later
"""The boot entry's options and what the loader does with them."""

import shutil

import pytest

from harness import checks, disk, product
from harness.golden import Golden, install_loader
from harness.machines import SMALL


OPTIONS = ("simulate", "cores=1 verbose", "probe", "", "slot=b")


@pytest.fixture(scope="module")
def entries(module_lab, goldens):
    """{options: a golden system whose boot entry has them}; one restored guest writes them all."""
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
def start_with(lab, entries):
    """A function of options: the machine, powered on, whose boot entry has them."""
    return lambda options: lab.copy(entries[options]).start()


def test_simulate(start_with):
    """The loader decides, reports, and boots normally; the image stays good."""
    vm = start_with("simulate")
    vm.wait_console("fastboot: simulated: simulated: ")
    vm.wait_shell()
    result = vm.last_result()
    assert result["result"] == "simulated"
    vm.run("modprobe fastboot_snapshot")
    assert vm.state() == "idle"
    vm.run(f"fastbootctl verify {vm.machine.partition(disk.AREA)}")


def test_verbose_on_one_core(start_with):
    vm = start_with("cores=1 verbose")
    assert vm.wait_console(r"fastboot: +(\d+) processors, (\d+) pages direct").group(1) == "1"
    vm.wait_restored()
    checks.restored_state(vm, restores=2)
    checks.processors(vm)


def test_probe(start_with):
    """Each step is measured alone, on the same data that the restore then uses."""
    vm = start_with("probe")
    vm.wait_restored()
    checks.restored_state(vm, restores=2)
    figures = product.timings(vm)
    steps = [figures[f"probe_{step}_us"] for step in ("read", "verify", "decode")]
    assert min(steps) > 0 and sum(steps) <= figures["probe_us"]
    assert figures["probe_us"] < figures["loader_decoded_us"] - figures["loader_claimed_us"]
    assert figures["probe_bytes_decoded"] == figures["work_bytes_decoded"] > 0
    assert min(figures[f"work_{step}_us"] for step in ("read", "verify", "decode", "place")) > 0


def test_without_probe(start_with):
    vm = start_with("")
    vm.wait_restored()
    assert not [key for key in product.timings(vm) if key.startswith("probe_")]


def test_other_slot(start_with):
    """Only the named slot is restored, even if it is empty."""
    checks.normal_boot_after_refusal(start_with("slot=b"), "slot-empty")
