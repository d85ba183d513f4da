# SPDX-License-Identifier: GPL-2.0-or-later
"""Damaged images, partitions and disks: a restore to the last bit, or a normal boot."""

import errno
from dataclasses import dataclass

import pytest

from harness import checks, disk, images, machines, product
from harness.vm import Fault

MIB = disk.MIB
SECTOR = 512


@dataclass
class Image:
    """The golden image, and where its parts are in the partition, by the specification."""
    regions: dict       # name: (offset, size)
    uuid: bytes
    chunks: int
    handoff: tuple      # (region that holds the data of the handoff page, offset in it)
    header: bytes       # of the area
    other_slot: int     # where the next image goes to, in the partition

    def middle(self, name):
        offset, size = self.regions[name]
        assert size, f"{name} is empty: nothing to damage"
        return offset + size // 2

    def sector(self, offset):
        """The sector of the disk that has this offset of the partition."""
        return (disk.area_offset() + offset) // SECTOR


def handoff_place(slot):
    """Where the handoff page is: in the index if it is a run of zeroes, else in a chunk."""
    pfn = slot.record["handoff_phys"] // images.BLOCK
    number, run = next((number, run) for number, run in enumerate(slot.runs)
                       if run.pfn <= pfn < run.end)
    if run.kind == "fill":
        assert slot.page(pfn) == bytes(images.BLOCK)
        return "slot.page_index", number * 32 + 24
    ordinal = run.first + pfn - run.pfn
    chunk = max(number for number, chunk in enumerate(slot.chunks) if chunk.first <= ordinal)
    return f"slot.chunk[{chunk}]", slot.chunks[chunk].size // 2


@pytest.fixture(scope="module")
def golden(goldens):
    return goldens(machines.SMALL)


@pytest.fixture(scope="module")
def image(golden):
    with images.golden_area(golden) as area:
        area.verify()
        slot = area.newest()
        regions = images.newest_regions(area)
        chunks = [number for number, chunk in enumerate(slot.chunks) if chunk.size]
        for place, number in (("first", chunks[0]), ("middle", chunks[len(chunks) // 2]),
                              ("last", chunks[-1])):
            regions[f"slot.chunk-{place}"] = regions[f"slot.chunk[{number}]"]
        return Image(regions, slot.header["image_uuid"], len(slot.chunks), handoff_place(slot),
                     area.read(area.header_offset, images.BLOCK),
                     next(other.offset for other in area.slots if other.index != slot.index))


# Flipped bits.

FLIPS = {
    "area_header": "area-checksum",
    "slot.header": "slot-checksum",
    "slot.record": "section-checksum",
    "slot.fingerprint": "section-checksum",
    "slot.rtmap": "section-checksum",
    "slot.proofs": "section-checksum",
    "slot.page_index": "section-checksum",
    "slot.chunk_table": "section-checksum",
    "slot.chunk-first": "chunk-checksum",
    "slot.chunk-middle": "chunk-checksum",
    "slot.chunk-last": "chunk-checksum",
}


def test_flips_are_everywhere(image):
    """The following tests leave out no part of the image; aux has its own test."""
    parts = {name for name in image.regions if name.startswith("slot.")} | {"area_header"}
    parts = {name for name in parts if "chunk[" not in name}
    assert parts == set(FLIPS) | {"slot.state", "slot.aux"}


@pytest.mark.parametrize("region", FLIPS)
def test_bit_flip(lab, golden, image, region):
    vm = lab.at_entry(golden)
    images.flip(golden.machine, vm.disk, image.middle(region))
    vm.start()
    assert checks.outcome(vm, golden.facts) == FLIPS[region]


def test_bit_flip_in_aux(lab, goldens):
    """On a machine with a screen: aux ranges exist for the firmware's logo."""
    golden = goldens(machines.TINY)
    with images.golden_area(golden) as area:
        offset, size = images.newest_regions(area)["slot.aux"]
    assert size
    vm = lab.at_entry(golden)
    images.flip(golden.machine, vm.disk, offset + size // 2)
    vm.start()
    assert checks.outcome(vm, golden.facts) == "section-checksum"


def test_bit_flip_in_handoff_page(lab, golden, image):
    vm = lab.at_entry(golden)
    region, offset = image.handoff
    images.flip(golden.machine, vm.disk, image.regions[region][0] + offset)
    vm.start()
    assert checks.outcome(vm, golden.facts) in ("section-checksum", "chunk-checksum")


def test_bit_flip_in_padding(lab, golden, image):
    """Bytes that no checksum covers are not needed."""
    vm = lab.at_entry(golden)
    padded = [offset + size for offset, size in image.regions.values()
              if size % images.BLOCK and offset % images.BLOCK == 0]
    assert padded
    for offset in padded:
        images.flip(golden.machine, vm.disk, offset)
    vm.start()
    assert checks.outcome(vm, golden.facts) == "restored"


def test_bit_flip_in_state(lab, golden, image):
    """It loses the counts, even those that quarantine the image, but never the image."""
    vm = lab.at_entry(golden)
    offset, _ = image.regions["slot.state"]
    images.write(golden.machine, vm.disk, offset,
                 images.state_block(image.uuid, restores=7, attempts=3))
    quarantined = lab.at_entry(golden, after=vm).start()
    assert checks.outcome(quarantined, golden.facts) == "slot-quarantined"
    quarantined.kill()
    images.flip(golden.machine, vm.disk, image.middle("slot.state"))
    vm.start()
    assert checks.outcome(vm, golden.facts) == "restored"
    checks.restored_state(vm, restores=1)
    assert product.attribute(vm, "attempts") == "1"


# Partitions and disks.

def test_disk_is_cut_short(lab, golden):
    """The disk ends in the middle of the area, like a copy that ran out of space."""
    vm = lab.copy(golden)
    disk.resize(vm.disk, disk.area_offset() + golden.machine.area_mib * MIB // 2)
    vm.start()
    assert checks.outcome(vm, golden.facts) == "disk-read"


def shrink(golden, vm):
    """The area's partition ends 1 MiB earlier."""
    sectors = (golden.machine.area_mib - 1) * MIB // SECTOR
    disk.edit_table(vm.disk, f"-N{disk.AREA}", script=f",{sectors}\n")
    return sectors * SECTOR


def test_partition_is_made_smaller(lab, golden):
    vm = lab.copy(golden)
    shrink(golden, vm)
    vm.start()
    assert checks.outcome(vm, golden.facts) == "area-missing"


def test_partition_is_made_smaller_with_its_header(lab, golden, image):
    """With its header moved to the new end: no image that reaches beyond is restored."""
    vm = lab.copy(golden)
    images.write(golden.machine, vm.disk, shrink(golden, vm) - images.BLOCK, image.header)
    vm.start()
    assert checks.outcome(vm, golden.facts) == "area-bounds"


def test_second_area(lab, golden):
    """The area's partition was copied, or another one was prepared: the loader cannot choose."""
    vm = lab.at_entry(golden)
    other = lab.work / "other.img"
    disk.make_area(other, disk.SCRATCH_MIB)
    disk.write_partition(golden.machine, vm.disk, "scratch", other)
    vm.start()
    assert checks.outcome(vm, golden.facts) == "area-ambiguous"


# Disk errors.

def whole(name):
    return lambda image: image.regions[name][0]


def last_sector(name):
    return lambda image: sum(image.regions[name]) - 1


def chunk(part):
    """The middle of the chunk at this part of the image."""
    def place(image):
        number = min(int(image.chunks * part), image.chunks - 1)
        while not image.regions[f"slot.chunk[{number}]"][1]:
            number -= 1
        return image.middle(f"slot.chunk[{number}]")
    return place


READS = [
    pytest.param(whole("area_header"), id="area-header"),
    pytest.param(whole("slot.header"), id="slot-header"),
    pytest.param(whole("slot.state"), id="slot-state"),
    pytest.param(whole("slot.record"), id="first-section"),
    pytest.param(last_sector("slot.chunk_table"), id="last-section"),
    *(pytest.param(chunk(part / 4), id=f"chunk-{part}-of-4") for part in range(5)),
]


@pytest.mark.parametrize("place", READS)
def test_unreadable_sector(lab, golden, image, place):
    vm = lab.at_entry(golden, faults=[Fault("read", image.sector(place(image)))]).start()
    assert checks.outcome(vm, golden.facts) == "disk-read"


TRANSIENT = [
    pytest.param(whole("slot.header"), id="slot-header"),
    pytest.param(chunk(0.5), id="chunk"),
]


@pytest.mark.parametrize("place", TRANSIENT)
def test_transient_read_error(lab, golden, image, place):
    """A second read may succeed or not; the image is whole in either case."""
    fault = Fault("read", image.sector(place(image)), once=True)
    vm = lab.at_entry(golden, faults=[fault]).start()
    assert checks.outcome(vm, golden.facts) in ("disk-read", "restored")
    vm.kill()
    vm = lab.at_entry(golden, after=vm).start()
    assert checks.outcome(vm, golden.facts) == "restored"


def test_unwritable_state(lab, golden, image):
    """An attempt that cannot be counted is not made; nothing is lost."""
    state = image.sector(image.regions["slot.state"][0])
    vm = lab.at_entry(golden, faults=[Fault("write", state)]).start()
    result = checks.reason_everywhere(vm, "state-write")
    assert (result["object"], result["field"]) == ("slot state", "write")
    vm.kill()
    vm = lab.at_entry(golden, after=vm).start()
    assert checks.outcome(vm, golden.facts) == "restored"
    checks.restored_state(vm, restores=1)


# Where the disk fails in the slot of the next image, and what is reported of it.
WRITES = [pytest.param(0, "slot B", id="header"),
          pytest.param(2 * images.BLOCK, "MiB into the slot", id="data")]


@pytest.mark.parametrize("offset, where", WRITES)
def test_unwritable_slot(lab, golden, image, offset, where):
    """The disk fails while an image is written: it is reported, and the old image is restored."""
    fault = Fault("write", image.sector(image.other_slot + offset))
    vm = lab.at_entry(golden, faults=[fault]).start()
    assert checks.outcome(vm, golden.facts) == "restored"
    refusal = checks.refused(vm, ["disk-write"], errno.EIO)
    assert where in refusal["disk-write"]
    vm.kill()
    vm = lab.at_entry(golden, after=vm).start()
    assert checks.outcome(vm, golden.facts) == "restored"


def test_failing_flush(lab, golden):
    vm = lab.at_entry(golden, faults=[Fault("flush", once=True)]).start()
    assert checks.outcome(vm, golden.facts) == "state-write"


def test_read_only_disk(lab, golden):
    vm = lab.copy(golden, read_only=True).start()
    assert checks.outcome(vm, golden.facts) == "state-write"
