# SPDX-License-Identifier: GPL-2.0-or-later
"""Power cuts during a restore: the next power-on restores, and the attempt is counted."""

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
    """The attempts that the slot's state has; the image is unchanged and the state valid."""
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
    """Kill QEMU so many seconds after the point; returns the attempts counted on the disk."""
    wait_for_moment(vm, point)
    time.sleep(seconds)  # no line marks these moments
    vm.kill()
    entered = bool(vm.console.first(RESTORING))
    attempts = attempts_on_disk(vm, digest)
    assert attempts == 1 if entered else attempts <= 1
    return attempts


def restores_again(vm, golden, attempts):
    assert checks.outcome(vm, golden.facts) == "restored"
    checks.restored_state(vm, restores=attempts + 1)
    assert product.attribute(vm, "attempts") == str(attempts + 1)


@pytest.mark.parametrize("point, seconds", POINTS)
def test_cut_while_an_image_is_restored(lab, golden, digest, point, seconds):
    vm = lab.at_entry(golden).start()
    attempts = cut_at(vm, point, seconds, digest)
    restores_again(lab.at_entry(golden, after=vm).start(), golden, attempts)


@pytest.mark.parametrize("point, seconds", [
    *POWER_ON, pytest.param(RESTORING, 0.1, id="restoring-0.1")])
def test_cut_from_power_on_to_power_on(lab, golden, digest, point, seconds):
    """With all that the firmware does before the boot entry, both times."""
    vm = lab.copy(golden).start()
    attempts = cut_at(vm, point, seconds, digest)
    restores_again(lab.again(vm).start(), golden, attempts)
