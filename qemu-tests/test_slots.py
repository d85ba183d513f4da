# SPDX-License-Identifier: GPL-2.0-or-later
"""Which of two golden images is restored: the one an administrator chose, or the newer one."""

import json

from harness import images, product
from harness.golden import SNAPSHOT
from harness.machines import SMALL
from harness.restores import is_restored, reset, take


def slots(vm):
    """The slots of `fastbootctl list` by letter; it must not report a refusal."""
    report = json.loads(product.fastbootctl(vm, "list", "--json").output)
    assert report["last_refusal"] is None
    return {slot["slot"]: slot for slot in report["slots"]}


def restored_next(vm):
    return [letter for letter, slot in slots(vm).items() if slot["restored_next"]]


def test_promote_and_rollback(lab):
    """A promoted image is restored, and not overwritten; the new one is next, until a rollback."""
    vm = lab.ready(SMALL)
    take(vm, "first", 1)
    take(vm, "second", 2)
    assert restored_next(vm) == ["b"]
    product.fastbootctl(vm, "describe", "--slot", "a", "--text", "'the first'")
    product.fastbootctl(vm, "promote", "--slot", "a")
    vm.power_off()

    vm = lab.again(vm).start()
    vm.wait_console("fastboot: slot A, generation 1, promoted, ")
    is_restored(vm, "first", 1, restores=1, slot="A")
    product.remount_efivars(vm)
    assert vm.last_result()["rank"] == "3"
    promoted = product.slot_digest(vm, "a")
    take(vm, "third", 4)
    assert product.slot_digest(vm, "a") == promoted
    assert restored_next(vm) == ["b"]

    reset(vm)
    is_restored(vm, "third", 4, restores=1, slot="B")
    product.fastbootctl(vm, "mark-good")
    product.fastbootctl(vm, "rollback")
    reset(vm)
    is_restored(vm, "first", 1, restores=2, slot="A")
    product.fastbootctl(vm, "mark-good")
    assert restored_next(vm) == ["a"]
    first = slots(vm)["a"]
    assert (first["rank"], first["restores"], first["attempts"]) == (5, 2, 0)
    assert first["description"] == "the first"
    vm.power_off()
    with images.area_of(vm.machine, vm.disk) as area:
        area.verify()
        assert area.chosen() is area.slots[0]
        assert [slot.rank for slot in area.slots] == [5, 4]


def test_no_image_above_the_last_rank(lab):
    """An image whose rank wrapped around would be the oldest of all."""
    vm = lab.ready(SMALL)
    take(vm, "first", 1)
    vm.power_off()
    with images.area_of(vm.machine, vm.disk) as area:
        place, uuid = area.regions()["slot[0].state"][0], area.slots[0].header["image_uuid"]
    images.write(vm.machine, vm.disk, place,
                 images.state_block(uuid, restores=0, attempts=0, rank=2 ** 64 - 1))

    vm = lab.again(vm).start()
    is_restored(vm, "first", 1, restores=1, slot="A")
    for command in ("golden", "test:gates"):
        assert vm.run(f"echo {command} >{SNAPSHOT}", check=False).status
        assert vm.last_refusal().startswith("slot-field: ")
        assert str(2 ** 64 - 1) in vm.last_refusal()
    assert slots(vm)["a"]["rank"] == 2 ** 64 - 1
    product.fastbootctl(vm, "invalidate", "--slot", "a", "--yes")
    take(vm, "second", 2)
