# SPDX-License-Identifier: GPL-2.0-or-later
"""Damaged images and changed machines: the normal system boots and can say why."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from harness import checks, disk, images, machines


@pytest.fixture(scope="module")
def golden(goldens):
    return goldens(machines.TINY)


@dataclass
class Image:
    raw: Path           # the golden disk's content
    regions: dict       # name: (offset on the disk, size)

    def flip_middle_bit(self, name, disk_copy):
        offset, size = self.regions[name]
        offset += size // 2
        with open(self.raw, "rb") as raw:
            raw.seek(offset)
            byte = raw.read(1)[0]
        disk.write_byte(disk_copy, offset, byte ^ 0x10)


@pytest.fixture(scope="module")
def image(golden):
    """The golden image, and where its parts lie as the specification says."""
    with images.golden_area(golden) as (area, raw):
        area.verify()
        number = area.newest().index
        yield Image(raw, {
            name.replace(f"slot[{number}].", "slot."): (disk.area_offset() + offset, size)
            for name, (offset, size) in area.regions().items()})


DAMAGE = [
    pytest.param("area_header", "area-checksum", id="area-header"),
    pytest.param("slot.header", "slot-checksum", id="slot-header"),
    pytest.param("slot.page_index", "section-checksum", id="index"),
    pytest.param("slot.chunk_table", "section-checksum", id="chunk-table"),
    pytest.param("slot.chunk[5]", "chunk-checksum", id="chunk"),
]


@pytest.mark.parametrize("region, code", DAMAGE)
def test_bit_flip(lab, golden, image, region, code):
    vm = lab.copy(golden)
    image.flip_middle_bit(region, vm.disk)
    vm.start()
    checks.normal_boot_after_refusal(vm, code)
    lab.note(refused_and_booted=vm.elapsed())


CHANGES = [
    pytest.param({"memory": "1280M"}, "ram-size", id="ram-size"),
    pytest.param({"cpu": "qemu64"}, "cpu-model", id="cpu-model"),
    pytest.param({"cpu": "max,-bmi2"}, "cpu-model", id="cpu-feature"),
    pytest.param({"cpus": 3}, "cpu-count", id="cpu-count"),
    pytest.param({"devices": ("virtio-rng-pci",)}, "pci-devices", id="pci-device"),
]


@pytest.mark.parametrize("change, code", CHANGES)
def test_changed_machine(lab, golden, change, code):
    vm = lab.copy(golden, golden.machine.changed(**change)).start()
    result = checks.normal_boot_after_refusal(vm, code)
    assert result["golden"] != result["today"]
    lab.note(refused_and_booted=vm.elapsed())


def test_restores_when_changed_back(lab, golden):
    """A refusal costs nothing: the same disk and variables fast-boot again."""
    changed = lab.copy(golden, golden.machine.changed(memory="1280M")).start()
    changed.wait_console(r"fastboot: refused: ram-size")
    changed.kill()
    vm = lab.again(changed, golden.machine).start()
    vm.wait_restored()
    checks.restored_state(vm)
    checks.traces(vm, golden.facts)
