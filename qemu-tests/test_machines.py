# SPDX-License-Identifier: GPL-2.0-or-later
"""The tiny guest on every row of the machine table: golden, restore, warm reset."""

import pytest

from harness import checks, images, machines
from harness.accel import accelerator
from harness.paths import kernel_version

ROWS = [pytest.param(row, id=row.name) for row in machines.MATRIX] + [
    pytest.param(row, id=row.name, marks=pytest.mark.full) for row in machines.FULL_MATRIX]


def paging_depth(vm):
    """The kernel has the paging depth that the row's name promises."""
    has = vm.run("grep -qw la57 /proc/cpuinfo", check=False).status == 0
    if "no5lvl" in vm.machine.cmdline or vm.machine.cpu != "max":
        assert not has
    elif accelerator() != "kvm":  # with KVM, "max" is the host's own processor
        assert has


def snapshot_disturbs_nothing(vm, facts):
    """udev has no reason to look at the image's partition, and drivers know what comes next."""
    now = checks.seen_of_the_snapshot(vm)
    assert "close_nowrite" in facts["watched"]  # the watcher does notice accesses
    assert "close_write" not in facts["watched"] + now["watched"]
    mode = "suspend" if kernel_version(vm.machine.series) >= (6, 17) else "unknown"
    assert facts["witness"] == [f"thaw mode={mode}"]
    assert now["witness"] == ["restore"]
    assert facts["mode_before"] == facts["mode"] == now["mode"]
    assert "[suspend]" not in now["mode"]


@pytest.mark.parametrize("row", ROWS)
def test_restore_and_warm_reset(lab, goldens, row):
    golden = goldens(row)
    vm = lab.copy(golden).start()
    vm.wait_restored()
    lab.note(capture=golden.facts["capture"], cold_boot=golden.facts["cold_boot"],
             restored=vm.elapsed(), entry=vm.entry_started())
    checks.restored_state(vm, restores=1)
    snapshot_disturbs_nothing(vm, golden.facts)
    paging_depth(vm)
    checks.traces(vm, golden.facts)
    checks.whole_machine(vm, "First")
    first = checks.random_bytes(vm)

    vm.reset()
    vm.wait_restored()
    checks.restored_state(vm, restores=2)
    checks.traces(vm, golden.facts)
    checks.whole_machine(vm, "Second", firmware_starts=2)
    assert checks.random_bytes(vm) != first


def test_image_has_pages_above_4_gib(goldens):
    """The 5 GiB row's image has such pages, as it should, and is good to its last byte."""
    with images.golden_area(goldens(machines.TINY_5G)) as area:
        slot = area.newest()
        slot.verify()
        assert max(run.end for run in slot.runs) > 1 << 20
