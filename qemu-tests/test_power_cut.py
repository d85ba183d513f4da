# SPDX-License-Identifier: GPL-2.0-or-later
"""Power cuts: at each moment the disk holds the old image or the new one, and it restores.

QEMU is killed: what it had not flushed of the guest's writes is gone, as it is from a disk's
volatile cache.
"""

import hashlib
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness import checks, disk, images, machines, product
from harness.golden import SNAPSHOT, take_snapshot
from harness.vm import FIRMWARE_STARTS_ENTRY, GOLDEN, RESTORING, VM

SMALL = machines.TINY.changed(name="tiny-power-cut", memory="512M", area_mib=256)


@pytest.fixture(scope="module")
def golden(goldens):
    return goldens(SMALL, loader="verbose")  # which tells its progress


def slot_digest(slot):
    """Of all bytes of a slot but its state's."""
    digest = hashlib.sha256(slot.read(0, images.BLOCK))
    digest.update(slot.read(2 * images.BLOCK, slot.size - 2 * images.BLOCK))
    return digest.hexdigest()


def whole_images(area):
    """{generation: slot}; a slot whose header is good must be good to its last byte."""
    found = {}
    for slot in area.slots:
        try:
            generation = slot.header["generation"]
        except images.FormatError:
            continue
        slot.verify()
        found[generation] = slot
    return found


# While a snapshot is taken: generation 3 into slot A, where generation 1 is; slot B holds 2.

@dataclass
class Stage:
    """A machine about to write generation 3, kept as it ran."""
    vm: VM
    state: Path
    writes: int         # how many the snapshot before took
    digest: str         # of generation 2
    facts: dict

    def again(self, lab):
        """The machine goes on, on copies of its disk and variables."""
        directory = lab.work / "stage"
        directory.mkdir(parents=True)
        disk.make_overlay(self.vm.disk, directory / "disk.qcow2")
        shutil.copy(self.vm.variables, directory / "variables.fd")
        vm = VM(self.vm.machine, directory / "disk.qcow2", directory / "variables.fd",
                lab.log_dir, incoming=self.state)
        return lab.own(vm).go_on()


@pytest.fixture(scope="module")
def stage(module_lab, golden):
    vm = module_lab.copy(golden).start()
    vm.wait_restored()
    product.fastbootctl(vm, "mark-good")
    before = vm.writes()
    take_snapshot(vm)
    writes = vm.writes() - before
    assert vm.state() == "saved generation=2"
    state = vm.disk.with_name("machine")
    vm.save(state)
    with images.area_of(SMALL, vm.disk) as area:
        found = whole_images(area)
        assert (found[1].index, found[2].index) == (0, 1)
        return Stage(vm, state, writes, slot_digest(found[2]), golden.facts)


def cut_snapshot(lab, stage, at):
    """Kill QEMU when it has done so many writes, or with None when the snapshot is said done."""
    vm = stage.again(lab)
    before = vm.writes()
    vm.begin(f"echo golden >{SNAPSHOT}", GOLDEN)
    while not vm.shell.first(f"@@END-{GOLDEN}:"):
        if at is not None and vm.writes() - before >= at:
            break
    vm.kill()
    return vm


# Parts of the writes; None: after the last.  The first erases the old header, the last is the
# new one.  What was found after each: generations.
seen = {}
CUTS = [0, *(part / 18 for part in range(1, 18)), 0.97, 0.98, 0.99, 1.0, None]
BOOTED = (0, 9 / 18, 0.99, None)


@pytest.mark.parametrize("part", CUTS, ids=lambda part: "end" if part is None else f"{part:.2f}")
def test_cut_while_a_snapshot_is_taken(lab, stage, part):
    vm = cut_snapshot(lab, stage, None if part is None else int(part * stage.writes))
    with images.area_of(SMALL, vm.disk) as area:
        found = whole_images(area)
        assert 2 in found and slot_digest(found[2]) == stage.digest
        assert not found[2].state().attempts
        assert set(found) <= {1, 2, 3}
        newest = max(found)
    seen[part] = set(found)
    if part in BOOTED:
        vm = lab.again(vm).start()
        assert checks.outcome(vm, stage.facts) == "restored"
        checks.restored_state(vm, generation=newest)


def test_cuts_were_everywhere(stage):
    """Before the old header was erased, while there was only one image, after the new header."""
    if set(seen) != set(CUTS):
        pytest.skip("not all cuts were made")
    assert seen[0] == {1, 2} and seen[None] == {2, 3}
    assert sum(found == {2} for found in seen.values()) >= 10


# While an image is restored.

READING = "fastboot: reading"
POINTS = [
    *(pytest.param(None, seconds, id=f"power-on-{seconds}") for seconds in (0.3, 1, 2)),
    pytest.param(FIRMWARE_STARTS_ENTRY, 0, id="loader"),
    *(pytest.param(READING, seconds, id=f"reading-{seconds}") for seconds in (0, 0.1, 0.2)),
    *(pytest.param(f"fastboot: {quarter} %", 0, id=f"quarter-{quarter}")
      for quarter in (25, 50, 75)),
    pytest.param("write", 0, id="write"),
    *(pytest.param(RESTORING, seconds, id=f"restoring-{seconds}")
      for seconds in (0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)),
    *(pytest.param("restored", seconds, id=f"restored-{seconds}") for seconds in (0, 0.2)),
]


def wait_for_moment(vm, moment):
    if moment == "write":
        # Of a restore there is one alone: the attempt's.
        while not vm.writes() and vm.elapsed() < 60:
            pass
        assert vm.writes()
    elif moment == "restored":
        vm.wait_restored()
    elif moment:
        vm.wait_console(moment)


def attempts_on_disk(vm, digest):
    """The image is untouched; its state is whole."""
    with images.area_of(SMALL, vm.disk) as area:
        slot = whole_images(area)[1]
        assert slot_digest(slot) == digest
        assert slot.state().valid
        return slot.state().attempts


@pytest.fixture(scope="module")
def digest(golden):
    with images.golden_area(golden) as area:
        area.verify()
        return slot_digest(area.newest())


@pytest.mark.parametrize("moment, seconds", POINTS)
def test_cut_while_an_image_is_restored(lab, golden, digest, moment, seconds):
    vm = lab.copy(golden).start()
    wait_for_moment(vm, moment)
    time.sleep(seconds)  # a moment in which nothing is said
    vm.kill()
    entered = bool(vm.console.first(RESTORING))
    attempts = attempts_on_disk(vm, digest)
    assert attempts == 1 if entered else attempts <= 1

    vm = lab.again(vm).start()
    assert checks.outcome(vm, golden.facts) == "restored"
    checks.restored_state(vm, restores=attempts + 1)
    assert product.attribute(vm, "attempts") == str(attempts + 1)
