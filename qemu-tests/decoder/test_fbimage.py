# SPDX-License-Identifier: GPL-2.0-or-later
"""Two implementations, one format: the Python decoder reads images of the C writer."""

import hmac
import json
import os
import pathlib
import re
import struct
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

import fbimage  # noqa: E402

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = TOP / "build" / "imgfmt"
MKIMAGE = BUILD / "mkimage"


@pytest.fixture(scope="session")
def mkimage():
    # Explicit: a BUILD in the environment comes from another Makefile.
    subprocess.run(["make", "-s", "-C", TOP / "imgfmt", f"BUILD={BUILD}", "mkimage"], check=True)
    return MKIMAGE


def test_kinds_of_proofs_are_the_same_everywhere():
    """In the document, the C sources and here: nothing else detects a forgotten kind."""
    document = (TOP / "docs/image-format.md").read_text()
    table = document[document.index("| `kind` | bytes | a difference is |"):].split("\n\n")[0]
    rows = re.findall(r"^\| ([0-9, ]+) \|", table, re.M)
    header = (TOP / "imgfmt/include/imgfmt/format.h").read_text()
    kinds = header[header.index("#define IMG_PROOF_KINDS(X)"):].split("\n\n")[0]
    assert {int(number) for row in rows for number in row.split(",")} == set(fbimage.PROOF_KINDS)
    assert {int(number) for number in re.findall(r"X\(\w+, (\d+),", kinds)} \
        == set(fbimage.PROOF_KINDS)


def make(mkimage, kind, directory):
    image, pages = directory / "image", directory / "pages"
    subprocess.run([mkimage, kind, image, pages], check=True)
    return image, pages


@pytest.fixture
def full(mkimage, tmp_path):
    return make(mkimage, "full", tmp_path)


@pytest.fixture
def tiny(mkimage, tmp_path):
    return make(mkimage, "tiny", tmp_path)


def expected_pages(path):
    data = path.read_bytes()
    return {
        struct.unpack_from("<Q", data, at)[0]: data[at + 8 : at + 8 + 4096]
        for at in range(0, len(data), 8 + 4096)
    }


def patch(path, offset, data):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(data)


def flip(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 0x10]))


def resum(path, offset):
    """Recomputes the checksum of the header block at `offset`."""
    with open(path, "rb") as file:
        file.seek(offset)
        block = file.read(4088)
    patch(path, offset + 4088, struct.pack("<Q", fbimage.csum(block)))


@pytest.mark.parametrize("kind", ["tiny", "full"])
def test_pages_both_ways(mkimage, tmp_path, kind):
    image, pages = make(mkimage, kind, tmp_path)
    expected = expected_pages(pages)
    assert len(expected) > 5
    with fbimage.Area.open(image) as area:
        area.verify()
        slot = area.newest()
        assert dict(slot.pages()) == expected
        for pfn, contents in expected.items():
            assert slot.page(pfn) == contents
        assert slot.page(max(expected) + 1) is None
        assert slot.page(0) is None


def test_every_kind_is_present(full):
    with fbimage.Area.open(full[0]) as area:
        slot = area.newest()
        assert {chunk.kind for chunk in slot.chunks} == {"lz4", "raw", "fill"}
        assert {run.kind for run in slot.runs} == {"stored", "fill"}


def test_header_fields(full):
    with fbimage.Area.open(full[0]) as area:
        slot = area.newest()
        assert slot.index == 1
        assert slot.header["generation"] == 7
        assert slot.header["kernel_release"] == "6.1.0-13-amd64"
        assert slot.header["description"] == "every kind of run and chunk \u2014 \u00fc"
        assert slot.mode == "golden"
        assert slot.state() == fbimage.State(True, 12, 2, False)
        assert slot.restores == 12
        assert area.slots[0].mode == "once"
        assert area.slots[0].header["generation"] == 6
        assert area.slots[0].restores == 0


def test_sections(full):
    with fbimage.Area.open(full[0]) as area:
        slot = area.newest()
        assert slot.record["jump_address"] == 0xFFFFFFFF81C00010
        assert slot.record["handoff_phys"] == 0x123000
        assert [item["field"] for item in slot.fingerprint] == [1, 2, 3, 5, 6]
        assert slot.fingerprint[1]["value0"] == 2
        assert [region["phys"] for region in slot.rtmap] == [0x3F680000, 0x3F684000]
        assert slot.aux == [{"pfn": 0x101, "pages": 1, "kind": 1, "reserved0": 0}]


def test_proofs(full):
    with fbimage.Area.open(full[0]) as area:
        proofs = area.newest().proofs
    assert [proof.kind for proof in proofs] == [
        "partition-table", "image-partition", "ext-super", "ext-journal"
    ]
    assert [proof.whole_disk for proof in proofs] == [True, False, False, False]
    assert proofs[1].part_uuid == bytes(16)
    assert proofs[1].digest == fbimage.csum(bytes(4096))
    assert proofs[3].part_uuid == bytes(range(0xF0, 0x100))
    assert (proofs[3].offset, proofs[3].size) == (0x200000, 1024)
    assert proofs[3].digest == 0x2122232425262728


@pytest.mark.parametrize(
    "offset, value, code",
    [
        (36, b"\1", "reserved"),
        (127, b"\1", "reserved"),
        (16, struct.pack("<I", 3), "fs-proof-unknown"),
        (64 + 16, struct.pack("<I", 27), "fs-proof-unknown"),
        (20, struct.pack("<I", 2), "fs-proof-unknown"),
        (32, struct.pack("<I", 0), "proof-bounds"),
        (32, struct.pack("<I", 513), "proof-bounds"),
        (32, struct.pack("<I", (1 << 20) + 512), "proof-bounds"),
        (24, struct.pack("<Q", 1), "proof-bounds"),
        (24, struct.pack("<Q", 1 << 63), "proof-bounds"),
        (24, struct.pack("<Q", (1 << 64) - 512), "proof-bounds"),
    ],
)
def test_proof_fields(full, offset, value, code):
    with fbimage.Area.open(full[0]) as area:
        place, size = area.regions()["slot[1].proofs"]
        base = area.slots[1].offset
    patch(full[0], place + offset, value)
    with open(full[0], "rb") as file:
        file.seek(place)
        checksum = fbimage.csum(file.read(size))
    patch(full[0], base + 512 + 32 * 4 + 24, struct.pack("<Q", checksum))
    resum(full[0], base)
    with fbimage.Area.open(full[0]) as area:
        with pytest.raises(fbimage.FormatError) as caught:
            area.slots[1].verify()
    assert caught.value.code == code


def write_state(path, place, image_uuid, restores=0, attempts=0, flags=0, rank=0, description=b""):
    body = struct.pack("<8s16sQIIQ128s328x", b"FBSTAT\r\n", image_uuid, restores, attempts, flags,
                       rank, description)
    patch(path, place, body + struct.pack("<Q", fbimage.csum(body)))


def refusal_to_enter(path, slot):
    with fbimage.Area.open(path) as area:
        try:
            area.slots[slot].check_enterable()
        except fbimage.FormatError as error:
            return error.code
    return None


@pytest.mark.parametrize(
    "slot, state, code",
    [
        (1, {}, None),
        (1, {"restores": 9, "attempts": 2}, None),
        (1, {"restores": 9, "attempts": 3}, "slot-quarantined"),
        (1, {"flags": 2}, None),  # not valid: counts as zeroes
        (0, {}, None),
        (0, {"restores": 1}, "slot-consumed"),
        (0, {"flags": 1}, "slot-consumed"),
        (0, {"flags": 2}, "state-damaged"),
        (0, {"attempts": 3}, "slot-quarantined"),
    ],
)
def test_state(full, slot, state, code):
    """Slot A holds a one-shot image, slot B a golden one."""
    with fbimage.Area.open(full[0]) as area:
        place, size = area.regions()[f"slot[{slot}].state"]
        assert size == 512
        image = area.slots[slot]
        assert image.mode == ("once", "golden")[slot]
        write_state(full[0], place, image.header["image_uuid"], **state)
        assert image.state().valid == (state.get("flags", 0) < 2)
        if image.state().valid:
            assert image.state().attempts == state.get("attempts", 0)
            assert image.state().consumed == bool(state.get("flags"))
    assert refusal_to_enter(full[0], slot) == code


def chosen(path):
    with fbimage.Area.open(path) as area:
        slot = area.chosen()
        return slot.index if slot else None


def set_state(path, slot, **state):
    with fbimage.Area.open(path) as area:
        place, _ = area.regions()[f"slot[{slot}].state"]
        write_state(path, place, area.slots[slot].header["image_uuid"], **state)


def test_the_slot_that_is_chosen(full):
    """Slot A: one-shot, generation 6; slot B: golden, generation 7."""
    path, _ = full
    assert chosen(path) == 1
    set_state(path, 0, rank=8)
    assert chosen(path) == 0
    set_state(path, 1, rank=9)
    assert chosen(path) == 1
    set_state(path, 1, rank=9, attempts=3)
    assert chosen(path) == 0
    set_state(path, 0, rank=8, flags=1)
    assert chosen(path) is None
    set_state(path, 1, rank=1)
    assert chosen(path) == 1
    with fbimage.Area.open(path) as area:
        assert [slot.rank for slot in area.slots] == [8, 7]


def test_description(full):
    path, _ = full
    header = "every kind of run and chunk \u2014 \u00fc"
    rows = (
        (b"\xc3\xbcber", "\u00fcber", True),
        (b"d" * 128, "d" * 128, True),
        (b"", header, True),
        (b"not\0padded", header, False),
    )
    for raw, description, valid in rows:
        set_state(path, 1, restores=4, description=raw)
        with fbimage.Area.open(path) as area:
            assert area.slots[1].description == description
            assert area.slots[1].state().valid == valid
            assert area.slots[1].restores == (4 if valid else 0)


def test_area_within_a_larger_file(full, tmp_path):
    data = full[0].read_bytes()
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(1 << 20) + data + bytes(5000))
    with fbimage.Area.open(disk, offset=1 << 20, size=len(data)) as area:
        area.verify()


PARTS = [bytes([0xA0 + i] * 16) for i in range(2)]


def put_map(path, pieces, nr=None, incompat=1):
    """Writes a map into the header of the area that fills a file."""
    at = path.stat().st_size // 4096 * 4096 - 4096
    table = b"".join(struct.pack("<16sQQ", *piece) for piece in pieces)
    patch(path, at + 24, struct.pack("<Q", incompat))
    patch(path, at + 68, struct.pack("<I", len(pieces) if nr is None else nr))
    patch(path, at + 112, table)
    resum(path, at)


def scattered(path, directory):
    """The image in pieces, by turns on two partitions; ({uuid: open file}, uuid, header's place)."""
    size = path.stat().st_size // 4096 * 4096
    sizes = [4096 * 100, 4096 * 7, 4096]
    sizes.append(size - sum(sizes))
    pieces = [(PARTS[i % 2], (4 - i) * size if i else 12288, length)
              for i, length in enumerate(sizes)]
    put_map(path, pieces)
    data = path.read_bytes()
    for name in "01":
        (directory / name).write_bytes(b"\xee" * (5 * size))
    start = 0
    for part, offset, length in pieces:
        patch(directory / str(PARTS.index(part)), offset, data[start : start + length])
        start += length
    part, offset, length = pieces[-1]
    parts = {part: open(directory / str(i), "rb") for i, part in enumerate(PARTS)}
    return parts, part, offset + length - 4096


def test_mapped(full, tmp_path):
    """Read through its map, an area is what it is read as a whole; so is a sealed one."""
    parts, part, offset = scattered(full[0], tmp_path)
    with fbimage.Area.open(full[0]) as whole:
        regions, summary = whole.regions(), whole.summary()
    assert [piece["size"] for piece in summary["map"]][:3] == [409600, 28672, 4096]
    with fbimage.Area.mapped(parts, part, offset) as area:
        area.verify()
        assert area.regions() == regions
        assert area.summary() == {**summary, "partition_size": area.partition_size}
        assert dict(area.newest().pages()) == expected_pages(full[1])


def test_mapped_sealed(sealed, tmp_path):
    image, pages, secret = sealed
    parts, part, offset = scattered(image, tmp_path)
    with fbimage.Area.mapped(parts, part, offset, secret=secret.read_bytes()) as area:
        area.verify()
        assert dict(area.newest().pages()) == expected_pages(pages)


def test_mapped_elsewhere(full, tmp_path):
    """A copy of the header is no header of the area."""
    parts, part, offset = scattered(full[0], tmp_path)
    other = next(uuid for uuid in PARTS if uuid != part)
    parts[part].seek(offset)
    block = parts[part].read(4096)
    for name in "01":
        patch(tmp_path / name, 0, block)
    for place in ((part, 0), (other, 0)):
        with pytest.raises(fbimage.FormatError) as caught:
            fbimage.Area.mapped(parts, *place)
        assert caught.value.code == "area-bounds"
    with pytest.raises(fbimage.FormatError) as caught:
        fbimage.Area.mapped(parts, other, 4096)
    assert caught.value.code == "area-magic"
    for file in parts.values():
        file.close()


def area_code(path):
    try:
        fbimage.Area.open(path).close()
    except fbimage.FormatError as error:
        return error.code
    return None


@pytest.mark.parametrize("edit, code", [
    (lambda size: {"pieces": [(PARTS[0], 4096, size)]}, None),
    (lambda size: {"pieces": [(PARTS[0], 0, 4096), (PARTS[1], 0, size - 4096)]}, None),
    (lambda size: {"pieces": [(PARTS[0], size - 4096, 4096), (PARTS[0], 0, size - 4096)]}, None),
    (lambda size: {"pieces": [(PARTS[0], size - 8192, 4096), (PARTS[0], 0, size - 4096)]},
     "area-bounds"),
    (lambda size: {"pieces": [(PARTS[0], 0, size - 4096)]}, "area-bounds"),
    (lambda size: {"pieces": [(bytes(16), 0, size)]}, "area-bounds"),
    (lambda size: {"pieces": [(PARTS[0], 512, size)]}, "area-bounds"),
    (lambda size: {"pieces": [(PARTS[0], 1 << 56, size)]}, "area-bounds"),
    (lambda size: {"pieces": [(PARTS[0], 0, size), (PARTS[1], 0, 0)]}, "area-bounds"),
    (lambda size: {"pieces": [(PARTS[0], 0, size - 512), (PARTS[1], 0, 512)]}, "area-bounds"),
    (lambda size: {"pieces": [(PARTS[0], 0, size)], "nr": 0}, "area-bounds"),
    (lambda size: {"pieces": [(PARTS[0], 0, size)], "nr": 65}, "area-bounds"),
    (lambda size: {"pieces": [(PARTS[0], 0, size)], "nr": 2}, "area-bounds"),
    (lambda size: {"pieces": [(PARTS[0], 0, size), (PARTS[1], 0, 4096)], "nr": 1}, "reserved"),
    (lambda size: {"pieces": [(PARTS[0], 0, size)], "incompat": 0}, "area-bounds"),
    (lambda size: {"pieces": [(PARTS[0], 0, size)], "incompat": 3}, "incompat"),
    (lambda size: {"pieces": [(PARTS[0], 0, size)], "nr": 0, "incompat": 0}, "reserved"),
    (lambda size: {"pieces": [], "incompat": 1}, "area-bounds"),
])
def test_map_fields(full, edit, code):
    put_map(full[0], **edit(full[0].stat().st_size // 4096 * 4096))
    assert area_code(full[0]) == code


def test_regions_cover_the_checksums(full):
    """A flipped byte in any region except a state is detected."""
    with fbimage.Area.open(full[0]) as area:
        regions = area.regions()
    assert "slot[1].page_index" in regions
    assert "slot[1].proofs" in regions
    assert "slot[1].chunk[1]" in regions
    for name, (offset, size) in regions.items():
        if not size or name.endswith(".state"):
            continue
        for at in (offset, offset + size // 2, offset + size - 1):
            flip(full[0], at)
            with pytest.raises(fbimage.FormatError):
                with fbimage.Area.open(full[0]) as area:
                    area.verify()
            flip(full[0], at)
    with fbimage.Area.open(full[0]) as area:
        area.verify()


@pytest.mark.parametrize(
    "region, code",
    [
        ("area_header", "area-magic"),
        ("slot[1].header", "slot-magic"),
        ("slot[1].record", "section-checksum"),
        ("slot[1].page_index", "section-checksum"),
        ("slot[1].chunk[0]", "chunk-checksum"),
        ("slot[1].chunk[1]", "chunk-checksum"),
    ],
)
def test_damage_has_the_right_code(full, region, code):
    with fbimage.Area.open(full[0]) as area:
        offset, _ = area.regions()[region]
    flip(full[0], offset)
    with pytest.raises(fbimage.FormatError) as caught:
        with fbimage.Area.open(full[0]) as area:
            area.slots[1].verify()
    assert caught.value.code == code


@pytest.mark.parametrize(
    "offset, value, code",
    [
        (8, struct.pack("<I", 2), "version"),
        (12, struct.pack("<I", 3), "slot-mode"),
        (24, struct.pack("<Q", 4), "incompat"),
        (32, b"\xee", "slot-foreign"),
        (64, bytes(8), "slot-field"),
        (80, struct.pack("<I", 8192), "slot-field"),
        (112, struct.pack("<Q", 8192), "slot-field"),
        (132, b"\1", "reserved"),
        (199, b"x", "slot-field"),
        (512, bytes(4), "section-table"),
        (516, struct.pack("<I", 128), "section-table"),
        (1535, b"\1", "reserved"),
    ],
)
def test_sealed_header_fields(full, offset, value, code):
    """With a correct checksum, the rules checked after it apply."""
    with fbimage.Area.open(full[0]) as area:
        base = area.slots[1].offset
    patch(full[0], base + offset, value)
    resum(full[0], base)
    with fbimage.Area.open(full[0]) as area:
        with pytest.raises(fbimage.FormatError) as caught:
            area.slots[1].verify()
        assert caught.value.code == code
        # The older image in the other slot remains.
        assert area.newest().index == 0


def test_damaged_state_costs_only_the_counts(full):
    with fbimage.Area.open(full[0]) as area:
        offset, _ = area.regions()["slot[1].state"]
    flip(full[0], offset + 24)
    with fbimage.Area.open(full[0]) as area:
        area.verify()
        assert area.slots[1].state() == fbimage.State(False)
        assert area.slots[1].restores == 0


def test_empty_slots(tiny):
    with fbimage.Area.open(tiny[0]) as area:
        assert area.slots[1].is_empty()
        with pytest.raises(fbimage.FormatError) as caught:
            area.slots[1].verify()
        assert caught.value.code == "slot-empty"
        patch(tiny[0], area.slots[0].offset, bytes(4096))
    with fbimage.Area.open(tiny[0]) as area:
        with pytest.raises(fbimage.FormatError) as caught:
            area.newest()
        assert caught.value.code == "slot-empty"


SECTION_OF = {"record": 0, "fingerprint": 1, "rtmap": 2, "aux": 3, "proofs": 4, "page_index": 5,
              "chunk_table": 6, "seal": 7, "tags": 8}


@pytest.fixture
def sealed(mkimage, tmp_path):
    """Image, pages, secret.  Slot A holds an image that is not sealed."""
    files = [tmp_path / name for name in ("image", "pages", "secret")]
    subprocess.run([mkimage, "sealed", *files], check=True)
    return files


def boot_key(secret, nonce=bytes(range(0x60, 0x80))):
    return hmac.new(secret, b"fastboot boot key 1" + nonce, "sha256").digest()


def resum_section(path, base, name):
    """Puts right the checksums of a section and of the header, as anybody could."""
    entry = base + 512 + 32 * SECTION_OF[name]
    with open(path, "rb") as file:
        file.seek(entry)
        _, _, offset, size = struct.unpack("<IIQQ", file.read(24))
        file.seek(base + offset)
        checksum = fbimage.csum(file.read(size))
    patch(path, entry + 24, struct.pack("<Q", checksum))
    resum(path, base)


def verify_code(path, slot=1, **keys):
    with fbimage.Area.open(path, **keys) as area:
        try:
            area.slots[slot].verify()
        except fbimage.FormatError as error:
            return error.code
    return None


def place_of(path, name):
    with fbimage.Area.open(path) as area:
        return area.regions()[f"slot[1].{name}"][0]


def test_sealed_pages(sealed):
    image, pages, secret = sealed
    expected = expected_pages(pages)
    for keys in ({"secret": secret.read_bytes()}, {"key": boot_key(secret.read_bytes())}):
        with fbimage.Area.open(image, **keys) as area:
            area.verify()
            slot = area.newest()
            assert slot.authentic and slot.seal.domain == "secure"
            assert {chunk.kind for chunk in slot.chunks} == {"lz4", "raw", "fill"}
            assert dict(slot.pages()) == expected
            assert slot.record["key_phys"] == 0x3F67F000


def test_sealed_without_a_key(sealed):
    image, pages, _ = sealed
    expected = expected_pages(pages)
    with fbimage.Area.open(image) as area:
        area.verify()
        slot = area.newest()
        assert slot.is_sealed() and not slot.authentic
        assert slot.page(0x400) == bytes(4096)  # a fill run, which is in the index
        assert slot.page(0x700) == expected[0x700]  # a fill chunk, which is in the table
        with pytest.raises(fbimage.FormatError) as caught:
            slot.page(0x100)
        assert caught.value.code == "sealed"
        assert not area.slots[0].is_sealed()
        # Noise is stored as it is: sealed, it must not be there in the clear.
        stored = slot.stored_data(1)
        assert slot.chunks[1].kind == "raw" and stored[:4096] != expected[0x300]
    flip(image, place_of(image, "chunk[1]"))
    assert verify_code(image) == "chunk-checksum"


@pytest.mark.parametrize("keys", [
    {"secret": bytes(32)},
    {"key": bytes(range(32))},  # the secret is no boot key
    {"key": boot_key(bytes(range(32)), nonce=bytes(32))},  # of another boot
])
def test_wrong_key(sealed, keys):
    assert verify_code(sealed[0], **keys) == "not-authentic"
    with fbimage.Area.open(sealed[0], **keys) as area:
        with pytest.raises(fbimage.FormatError) as caught:
            area.newest().page(0x100)
        assert caught.value.code == "not-authentic"


@pytest.mark.parametrize("name", SECTION_OF)
@pytest.mark.parametrize("where", [0.0, 0.5, 1.0])
def test_changed_section(sealed, name, where):
    """Its checksums are put right; only the key sees it."""
    image, _, secret = sealed
    with fbimage.Area.open(image) as area:
        base = area.slots[1].offset
        offset, size = area.regions()[f"slot[1].{name}"]
    flip(image, offset + int((size - 1) * where))
    resum_section(image, base, name)
    code = verify_code(image, secret=secret.read_bytes())
    if name == "seal" and where != 0.5:
        assert code == ("incompat" if where == 0.0 else "reserved")
    else:
        assert code == "not-authentic"


@pytest.mark.parametrize("offset", [48, 64, 72, 88, 136, 200])
def test_changed_header(sealed, offset):
    image, _, secret = sealed
    with fbimage.Area.open(image) as area:
        base = area.slots[1].offset
    flip(image, base + offset)
    resum(image, base)
    assert verify_code(image, secret=secret.read_bytes()) == "not-authentic"


def test_header_that_is_not_covered(sealed):
    """The two checksums that depend on the MAC; the state, which changes."""
    image, _, secret = sealed
    with fbimage.Area.open(image) as area:
        base = area.slots[1].offset
    flip(image, base + 512 + 32 * SECTION_OF["seal"] + 24)
    resum(image, base)
    assert verify_code(image, secret=secret.read_bytes()) == "section-checksum"
    resum_section(image, base, "seal")
    set_state(image, 1, restores=99, attempts=1, rank=12)
    assert verify_code(image, secret=secret.read_bytes()) is None


def test_changed_chunk(sealed):
    """With the chunk's checksum put right in the table, the MAC refuses that."""
    image, _, secret = sealed
    with fbimage.Area.open(image) as area:
        base = area.slots[1].offset
        place, size = area.regions()["slot[1].chunk[0]"]
    flip(image, place + size // 2)
    assert verify_code(image, secret=secret.read_bytes()) == "chunk-checksum"
    with open(image, "rb") as file:
        file.seek(place)
        checksum = fbimage.csum(file.read(size))
    patch(image, place_of(image, "chunk_table") + 24, struct.pack("<Q", checksum))
    resum_section(image, base, "chunk_table")
    assert verify_code(image) is None
    assert verify_code(image, secret=secret.read_bytes()) == "not-authentic"


class Owner(fbimage.Slot):
    """Somebody who has the key and forges the MAC: what is left is the chunks' tags."""

    authentic = True


def test_tag_of_a_chunk(sealed):
    image, _, secret = sealed
    with fbimage.Area.open(image, secret=secret.read_bytes()) as area:
        slot = area.slots[1]
        slot.__class__ = Owner
        assert slot.chunk_data(0)[8:16] == b" a page."
        slot.chunk_data.cache_clear()
        slot.tags[0] = bytes([slot.tags[0][0] ^ 1]) + slot.tags[0][1:]
        with pytest.raises(fbimage.FormatError) as caught:
            slot.chunk_data(0)
        assert caught.value.code == "not-authentic"
        # The tag and the bytes of another chunk, under this one's number.
        slot.chunk_data.cache_clear()
        slot.tags[0], slot.chunks[0] = slot.tags[3], slot.chunks[3]
        with pytest.raises(fbimage.FormatError) as caught:
            slot.chunk_data(0)
        assert caught.value.code == "not-authentic"


@pytest.mark.parametrize("offset, value, code", [
    (0, struct.pack("<I", 2), "incompat"),
    (4, struct.pack("<I", 2), "incompat"),
    (8, struct.pack("<I", 0), "incompat"),
    (8, struct.pack("<I", 3), "incompat"),
    (12, b"\1", "reserved"),
    (112, b"\1", "reserved"),
    (127, b"\1", "reserved"),
])
def test_seal_fields(sealed, offset, value, code):
    image, _, secret = sealed
    with fbimage.Area.open(image) as area:
        base = area.slots[1].offset
    patch(image, place_of(image, "seal") + offset, value)
    resum_section(image, base, "seal")
    assert verify_code(image) == code
    assert verify_code(image, secret=secret.read_bytes()) == code


def test_seal_without_the_feature_bit(sealed):
    image, _, _ = sealed
    with fbimage.Area.open(image) as area:
        base = area.slots[1].offset
    patch(image, base + 24, bytes(8))
    resum(image, base)
    assert verify_code(image) == "section-table"


def test_feature_bit_without_a_seal(full):
    with fbimage.Area.open(full[0]) as area:
        base = area.slots[1].offset
    patch(full[0], base + 24, b"\1")
    resum(full[0], base)
    assert verify_code(full[0]) == "section-missing"


def test_number_of_tags(sealed):
    image, _, _ = sealed
    with fbimage.Area.open(image) as area:
        base = area.slots[1].offset
    entry = base + 512 + 32 * SECTION_OF["tags"]
    patch(image, entry + 16, struct.pack("<Q", 16 * 4))
    resum_section(image, base, "tags")
    assert verify_code(image) == "chunk-count"


@pytest.mark.parametrize("value, code", [
    (0, None), (0x3F67F001, "record-field"), (1 << 52, "record-field"), (0x100000, "record-field"),
])
def test_key_page(sealed, value, code):
    image, _, _ = sealed
    with fbimage.Area.open(image) as area:
        base = area.slots[1].offset
    patch(image, place_of(image, "record") + 104, struct.pack("<Q", value))
    resum_section(image, base, "record")
    assert verify_code(image) == code


def test_key_page_of_an_unsealed_image(full):
    with fbimage.Area.open(full[0]) as area:
        base = area.slots[1].offset
    patch(full[0], place_of(full[0], "record") + 104, struct.pack("<Q", 0x3F67F000))
    resum_section(full[0], base, "record")
    assert verify_code(full[0]) == "reserved"


def dumped_example(kinds=("",)):
    """A worked example, read from the document: dumps of later kinds go over earlier ones."""
    data = bytearray(2117632)
    document = (TOP / "docs" / "image-format.md").read_text()
    dumps = [dump for kind in kinds
             for dump in re.findall(rf"^```hexdump{kind}\n(.*?)^```", document, re.M | re.S)]
    for dump in dumps:
        for line in dump.splitlines():
            offset, rest = line.split(None, 1)
            row = bytes.fromhex(rest.split("|")[0])
            data[int(offset, 16) : int(offset, 16) + len(row)] = row
    return bytes(data)


def test_worked_example(tiny, tmp_path):
    example = dumped_example()
    assert example == tiny[0].read_bytes()
    path = tmp_path / "example"
    path.write_bytes(example)
    with fbimage.Area.open(path) as area:
        area.verify()
        slot = area.newest()
        assert slot.header["description"] == "worked example"
        assert slot.state() == fbimage.State(True, 3, 1, False)
        assert len(slot.proofs) == 4
        assert [run.pfn for run in slot.runs] == [0x100, 0x102, 0x123, 0x200]
        assert slot.page(0x123) == bytes(4096)
        assert slot.page(0x200) == b"\xa5" * 4096
        assert slot.page(0x101)[:16] == struct.pack("<Q", 0x101) + b" a page."


def test_worked_example_sealed(mkimage, tmp_path):
    files = [tmp_path / name for name in ("image", "pages", "secret")]
    subprocess.run([mkimage, "tiny-sealed", *files], check=True)
    example = dumped_example(("", " sealed"))
    assert example == files[0].read_bytes()
    path = tmp_path / "example"
    path.write_bytes(example)
    with fbimage.Area.open(path, secret=bytes(range(32))) as area:
        area.verify()
        slot = area.newest()
        assert slot.authentic
        assert slot.page(0x101)[:16] == struct.pack("<Q", 0x101) + b" a page."
        assert dict(slot.pages()) == expected_pages(files[1])
        # The keys that the document prints.
        document = (TOP / "docs" / "image-format.md").read_text()
        printed = dict(re.findall(r"^(boot key|enc|mac key) +([0-9a-f]{64})$", document, re.M))
        assert [bytes.fromhex(printed[name]) for name in ("enc", "mac key")] == list(slot._keys)
        assert bytes.fromhex(printed["boot key"]) == boot_key(bytes(range(32)))


def test_command_line_sealed(sealed, tmp_path):
    image, _, secret = sealed
    key, short = tmp_path / "key", tmp_path / "short"
    key.write_bytes(boot_key(secret.read_bytes()))
    short.write_bytes(bytes(31))

    def run(*options):
        return subprocess.run([sys.executable, fbimage.__file__, image, "--verify", *options],
                              capture_output=True, text=True)

    for options, authentic in ((("--secret", secret), True), (("--key", key), True), ((), False)):
        done = run(*options)
        assert done.returncode == 0, done.stderr
        slots = json.loads(done.stdout)["slots"]
        assert [slot["sealed"] for slot in slots] == [None, "secure"]
        assert [slot["authentic"] for slot in slots] == [None, authentic]
    done = run("--key", secret)
    assert done.returncode == 1 and "not-authentic" in done.stderr
    for options in (("--key", short), ("--key", tmp_path / "none"),
                    ("--key", key, "--secret", secret)):
        assert run(*options).returncode == 2


def test_command_line(full):
    run = [sys.executable, fbimage.__file__, full[0]]
    good = subprocess.run([*run, "--verify"], capture_output=True, text=True, check=True)
    assert '"generation": 7' in good.stdout
    assert "slot[1].chunk_table" in subprocess.run(
        [*run, "--regions"], capture_output=True, text=True, check=True
    ).stdout
    bad = subprocess.run([*run, "--size", "4096"], capture_output=True, text=True)
    assert bad.returncode == 1
    assert "area-missing" in bad.stderr
