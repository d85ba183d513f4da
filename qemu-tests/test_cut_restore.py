# SPDX-License-Identifier: GPL-2.0-or-later
"""Power cuts while an image is restored: it restores at the next power-on, and is counted."""

import time

import pytest

from harness import checks, images, product
from harness.machines import SMALL
from harness.restores import ANSWERED, READING, WRITE, wait_for_moment
from harness.vm import FIRMWARE_STARTS_ENTRY, RESTORING


@pytest.fixture(scope="module")
def golden(goldens):
    return goldens(SMALL)


POWER_ON = [pytest.param(None, seconds, id=f"power-on-{seconds}") for seconds in (0.3, 1, 2)]
POINTS = [
    pytest.param(FIRMWARE_STARTS_ENTRY, 0, id="loader"),
    *(pytest.param(READING, seconds, id=f"reading-{seconds}") for seconds in (0, 0.1, 0.2)),
    *(pytest.param(f"fastboot: {quarter} %", 0, id=f"quarter-{quarter}")
      for quarter in (25, 50, 75)),
    pytest.param(WRITE, 0, id="write"),
    *(pytest.param(RESTORING, seconds, id=f"restoring-{seconds}")
      for seconds in (0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)),
    *(pytest.param(ANSWERED, seconds, id=f"restored-{seconds}") for seconds in (0, 0.2)),
]


def attempts_on_disk(vm, digest):
    """The image is untouched; its state is whole."""
    with images.area_of(SMALL, vm.disk) as area:
        slot = images.whole_images(area, sound=[digest])[1]
        assert images.slot_digest(slot) == digest
        assert slot.state().valid
        return slot.state().attempts


@pytest.fixture(scope="module")
def digest(golden):
    with images.golden_area(golden) as area:
        area.verify()
        return images.slot_digest(area.newest())


def cut_at(vm, point, seconds, digest):
    """Returns the attempts that the disk tells of afterwards."""
    wait_for_moment(vm, point)
    time.sleep(seconds)  # in which nothing is said
    vm.kill()
    entered = bool(vm.console.first(RESTORING))
    attempts = attempts_on_disk(vm, digest)
    assert attempts == 1 if entered else attempts <= 1
    return attempts


def comes_back(vm, golden, attempts):
    assert checks.outcome(vm, golden.facts) == "restored"
    checks.restored_state(vm, restores=attempts + 1)
    assert product.attribute(vm, "attempts") == str(attempts + 1)


@pytest.mark.parametrize("point, seconds", POINTS)
def test_cut_while_an_image_is_restored(lab, golden, digest, point, seconds):
    vm = lab.at_entry(golden).start()
    attempts = cut_at(vm, point, seconds, digest)
    comes_back(lab.at_entry(golden, after=vm).start(), golden, attempts)


@pytest.mark.parametrize("point, seconds", [
    *POWER_ON, pytest.param(RESTORING, 0.1, id="restoring-0.1")])
def test_cut_from_power_on_to_power_on(lab, golden, digest, point, seconds):
    """With all that the firmware does before and after."""
    vm = lab.copy(golden).start()
    attempts = cut_at(vm, point, seconds, digest)
    comes_back(lab.again(vm).start(), golden, attempts)
