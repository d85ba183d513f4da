# SPDX-License-Identifier: GPL-2.0-or-later
"""The tiny guest on every row of the machine table: golden, restore, warm reset."""

import pytest

from harness import checks, machines

ROWS = [pytest.param(row, id=row.name) for row in machines.MATRIX] + [
    pytest.param(row, id=row.name, marks=pytest.mark.full) for row in machines.FULL_MATRIX]

# Both are started before the snapshot and asked after it.
COUNTER = "i=0; while :; do i=$((i+1)); echo $i >/tmp/counter; sleep 0.2; done"


def something_to_find_again(vm):
    vm.run("head -c 33554432 /dev/urandom >/tmp/pattern")
    vm.run(f"({COUNTER}) </dev/null >/dev/null 2>&1 & echo $! >/tmp/counter.pid")
    return {"pattern": vm.run("sha256sum </tmp/pattern").output,
            "pid": vm.run("cat /tmp/counter.pid").output.strip(),
            "boot_id": vm.run("cat /proc/sys/kernel/random/boot_id").output}


def found_again(vm, facts):
    assert vm.run("cat /proc/sys/kernel/random/boot_id").output == facts["boot_id"]
    assert vm.run("sha256sum </tmp/pattern").output == facts["pattern"]
    vm.run(f"kill -0 {facts['pid']}")
    before = int(vm.run("cat /tmp/counter").output)
    assert int(vm.run("sleep 1; cat /tmp/counter").output) > before


def paging_depth(vm):
    """The row's kernel runs with the paging depth its name promises."""
    five_levels = vm.machine.cpu == "max" and "no5lvl" not in vm.machine.cmdline
    has = vm.run("grep -qw la57 /proc/cpuinfo", check=False).status == 0
    assert has == five_levels


@pytest.mark.parametrize("row", ROWS)
def test_restore_and_warm_reset(lab, goldens, row):
    golden = goldens(row, prepare=something_to_find_again)
    vm = lab.copy(golden).start()
    vm.wait_restored()
    lab.note(capture=golden.facts["capture"], cold_boot=golden.facts["cold_boot"],
             restored=vm.elapsed(), entry=vm.entry_started())
    checks.restored_state(vm, restores=1)
    paging_depth(vm)
    found_again(vm, golden.facts)
    checks.whole_machine(vm, "First")
    first = checks.random_bytes(vm)

    vm.reset()
    vm.wait_restored()
    checks.restored_state(vm, restores=2)
    found_again(vm, golden.facts)
    checks.whole_machine(vm, "Second")
    assert checks.random_bytes(vm) != first
