# SPDX-License-Identifier: GPL-2.0-or-later
"""The tiny guest on every row of the machine table: golden, restore, warm reset."""

import pytest

from harness import checks, machines

ROWS = [pytest.param(row, id=row.name) for row in machines.MATRIX] + [
    pytest.param(row, id=row.name, marks=pytest.mark.full) for row in machines.FULL_MATRIX]

def paging_depth(vm):
    """The row's kernel runs with the paging depth its name promises."""
    five_levels = vm.machine.cpu == "max" and "no5lvl" not in vm.machine.cmdline
    has = vm.run("grep -qw la57 /proc/cpuinfo", check=False).status == 0
    assert has == five_levels


@pytest.mark.parametrize("row", ROWS)
def test_restore_and_warm_reset(lab, goldens, row):
    golden = goldens(row)
    vm = lab.copy(golden).start()
    vm.wait_restored()
    lab.note(capture=golden.facts["capture"], cold_boot=golden.facts["cold_boot"],
             restored=vm.elapsed(), entry=vm.entry_started())
    checks.restored_state(vm, restores=1)
    paging_depth(vm)
    checks.traces(vm, golden.facts)
    checks.whole_machine(vm, "First")
    first = checks.random_bytes(vm)

    vm.reset()
    vm.wait_restored()
    checks.restored_state(vm, restores=2)
    checks.traces(vm, golden.facts)
    checks.whole_machine(vm, "Second")
    assert checks.random_bytes(vm) != first
