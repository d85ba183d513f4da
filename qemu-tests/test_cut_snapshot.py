# SPDX-License-Identifier: GPL-2.0-or-later
"""Power cuts while a snapshot is taken: the disk holds the old image or the new one.

QEMU is killed: guest writes that it had not flushed are lost, as those in a disk's volatile
cache would be.
"""

import pytest

from harness import checks, images, moment, product
from harness.golden import SNAPSHOT, take_snapshot
from harness.machines import SMALL
from harness.vm import GOLDEN


@pytest.fixture(scope="module")
def golden(goldens):
    return goldens(SMALL)


# Generation 3 is written into slot A, which holds generation 1; slot B holds generation 2.

@pytest.fixture(scope="module")
def stage(module_lab, golden):
    """A machine about to write generation 3, kept as it ran.

    facts: the golden system's; the number of writes of the previous snapshot; digests.
    """
    vm = module_lab.at_entry(golden).start()
    vm.wait_restored()
    product.fastbootctl(vm, "mark-good")
    before = vm.writes()
    take_snapshot(vm)
    facts = {**golden.facts, "writes": vm.writes() - before}
    assert vm.state() == "saved generation=2"
    kept = moment.keep(vm, facts)
    with images.area_of(SMALL, vm.disk) as area:
        found = images.whole_images(area)
        assert (found[1].index, found[2].index) == (0, 1)
        facts["digest"] = images.slot_digest(found[2])
        facts["sound"] = [images.slot_digest(slot) for slot in found.values()]
    return kept


def cut_snapshot(lab, stage, at):
    """Kill QEMU after so many writes; None: when the command has ended."""
    vm = lab.own(stage.copy(lab.work / "stage", lab.log_dir)).start()
    before = vm.writes()
    vm.begin(f"echo golden >{SNAPSHOT}", GOLDEN)
    while not vm.shell.first(f"@@END-{GOLDEN}:"):
        if at is not None and vm.writes() - before >= at:
            break
    vm.kill()
    return vm


# {part of the writes: generations found after that}; None: after the last.  The first write
# erases the old header, the last is the new one.
seen = {}
CUTS = [0, *(part / 18 for part in range(1, 18)), 0.97, 0.98, 0.99, 1.0, None]
BOOTED = (0, 9 / 18, 0.99, None)


@pytest.mark.parametrize("part", CUTS, ids=lambda part: "end" if part is None else f"{part:.2f}")
def test_cut_while_a_snapshot_is_taken(lab, golden, stage, part):
    vm = cut_snapshot(lab, stage, None if part is None else int(part * stage.facts["writes"]))
    with images.area_of(SMALL, vm.disk) as area:
        found = images.whole_images(area, sound=stage.facts["sound"])
        assert 2 in found and images.slot_digest(found[2]) == stage.facts["digest"]
        assert not found[2].state().attempts
        assert set(found) <= {1, 2, 3}
        newest = max(found)
    seen[part] = set(found)
    if part in BOOTED:
        vm = lab.at_entry(golden, after=vm).start()
        assert checks.outcome(vm, stage.facts) == "restored"
        checks.restored_state(vm, generation=newest)


def test_cuts_were_everywhere(stage):
    """Before the old header was erased, while only one image was left, after the new header."""
    if set(seen) != set(CUTS):
        pytest.skip("not all cuts were made")
    assert seen[0] == {1, 2} and seen[None] == {2, 3}
    assert sum(found == {2} for found in seen.values()) >= 10
