# SPDX-License-Identifier: GPL-2.0-or-later
"""A fault at each step of a snapshot, and many snapshots in a row.

Whatever fails, the machine keeps running, everything is released, the previous image is still
there and good, and the next snapshot succeeds.
"""

import errno
import re

import pytest

from harness import checks, machines, product
from harness.golden import SNAPSHOT

# With its sanity checks on, a slab cache has no per-processor slabs, whose free objects
# would count as used: the number of open files is exact.
MACHINE = machines.SMALL.changed(name="tiny-ladder", series="newest", cmdline="slub_debug=F,filp")

# A fault here comes too late: the new image is on the disk already.
COMMITTED = "header-flush"


@pytest.fixture(scope="module")
def vm(module_lab):
    vm = module_lab.with_module(MACHINE)
    checks.saved(vm, 1)
    return vm


def fails_at(vm, step):
    product.set_parameter(vm, "fail_at", step)
    refusal = checks.refused(vm, ["fault-injected"], errno.EIO)
    assert f"step {step}\n" in refusal["fault-injected"]
    assert "[shutdown]" in vm.run("cat /sys/power/disk").output
    checks.disk_io(vm)


def test_each_step(vm):
    """Slot A keeps its image, byte for byte, whatever step fails."""
    steps = vm.run(f"cat {product.PARAMETERS}/fail_steps").output.split()
    assert len(steps) > 20 and len(set(steps)) == len(steps)
    assert steps[-1] == COMMITTED
    before = product.slot_digest(vm, "a")
    vm.run("echo shutdown >/sys/power/disk")  # an administrator's choice, which must stay
    for step in steps[:-1]:
        fails_at(vm, step)
    product.verify(vm, "a")
    assert product.slot_digest(vm, "a") == before
    assert product.status(vm)["slots"]["b"]["status"] == "slot-empty"

    fails_at(vm, COMMITTED)
    product.verify(vm, "a")
    assert product.slot_digest(vm, "a") == before

    product.set_parameter(vm, "fail_at", "")
    generation = int(product.attribute(vm, "generation"))
    answer = product.write(vm, "golden")
    assert answer.status == 0 and not answer.refusal
    assert "[shutdown]" in vm.run("cat /sys/power/disk").output
    assert int(product.attribute(vm, "generation")) > generation
    checks.nothing_held(vm)
    for slot in "ab":
        product.verify(vm, slot)
    checks.processors(vm)


# KiB that may change by themselves: per-processor caches, slabs of dmesg and sysfs.
NOISE = 1024
GROWTH = ("Slab", "VmallocUsed", "Percpu", "KernelStack", "PageTables", "Mlocked")


def holdings(vm):
    """({name: KiB} that the kernel uses, number of open files).

    /proc/sys/fs/file-nr is off by dozens per processor; the slab's own count is exact here.
    """
    vm.run("echo 3 >/proc/sys/vm/drop_caches")
    text = vm.run("cat /proc/meminfo").output
    figures = {name: int(value) for name, value in re.findall(r"^(\w+):\s+(\d+)", text, re.M)}
    # The processors' own lists of free pages are not counted as free, and grow by themselves
    # (mm/page_alloc.c, nr_pcp_high).
    lists = vm.run("cat /proc/zoneinfo").output
    figures["MemAvailable"] += sum(4 * int(pages) for pages in re.findall(
        r"^ +count: +(\d+)", lists, re.M))
    files = int(vm.run("awk '$1 == \"filp\" { print $2 }' /proc/slabinfo").output)
    return figures, files


def snapshots(vm, number):
    """Take snapshots by one command; the shell stops at the first that fails."""
    vm.run(f"n={number}; while [ $n -gt 0 ]; do echo golden >{SNAPSHOT} || break; n=$((n-1));"
           " done; [ $n = 0 ]", timeout=20 * number)


def nothing_grows(vm, lab, first, then):
    """Take `first` snapshots, then `then` more, which must not cost any memory or file."""
    start = int(product.attribute(vm, "generation"))
    snapshots(vm, first)
    figures_before, files_before = holdings(vm)
    snapshots(vm, then)
    figures, files = holdings(vm)
    lab.note(snapshots=first + then, files=files - files_before, **{
        name: figures[name] - figures_before[name] for name in (*GROWTH, "MemAvailable")})
    assert int(product.attribute(vm, "generation")) == start + first + then
    for name in GROWTH:
        assert figures[name] - figures_before[name] <= NOISE, name
    assert figures_before["MemAvailable"] - figures["MemAvailable"] <= 4 * NOISE
    assert files <= files_before + 4
    checks.nothing_held(vm)
    slots = product.status(vm)["slots"]
    assert {slot["generation"] for slot in slots.values()} == {start + first + then - 1,
                                                              start + first + then}
    for slot in "ab":
        product.verify(vm, slot)
    checks.keeps_running(vm)
    checks.processors(vm)
    checks.disk_io(vm)
    checks.clock(vm)


def test_many_in_a_row(vm, lab):
    nothing_grows(vm, lab, 3, 12)


@pytest.mark.full
def test_a_hundred_in_a_row(vm, lab):
    nothing_grows(vm, lab, 10, 90)
