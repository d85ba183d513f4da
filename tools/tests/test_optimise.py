# SPDX-License-Identifier: GPL-2.0-or-later
"""fastbootctl optimise: the copy is the same image; the tool asks or refuses before any loss."""
import pytest

import fbimage
from tool import attempts_of, changed_bytes, ctl, env_of, flip, json_of, put_image, refused


def slot_bytes(path, slot):
    with fbimage.Area.open(path) as area:
        place = area.slots[slot]
        return path.read_bytes()[place.offset:place.offset + place.size]


@pytest.mark.parametrize("source,level", [(0, ()), (1, ("--level", 3)), (0, ("--level", 12))])
def test_optimise_is_the_same_image(partition, source, level):
    path = partition()
    put_image(path, source, 5, "café", "--attempts", 2)
    before, original = path.read_bytes(), slot_bytes(path, source)
    done = json_of("optimise", *level, path)
    assert (done["copy"]["slot"], done["copy"]["generation"]) == ("ba"[source], 6)
    ctl("verify", path)
    with fbimage.Area.open(path) as area:
        area.verify()
        old, new = area.slots[source], area.slots[1 - source]
        assert area.newest() is new
        changed = changed_bytes(before, path.read_bytes())
        assert changed[0] >= new.offset and changed[-1] < new.offset + new.size
        assert slot_bytes(path, source) == original
        assert list(new.pages()) == list(old.pages())
        for name in ("record", "fingerprint", "rtmap", "aux", "proofs", "page_index"):
            assert new.section(name) == old.section(name), name
        assert [(c.first, c.pages) for c in new.chunks] == [(c.first, c.pages) for c in old.chunks]
        assert [c.kind for c in new.chunks] == ["lz4", "lz4", "raw", "fill", "lz4"]
        assert new.header["data_size"] < old.header["data_size"]
        assert new.state() == old.state() == fbimage.State(True, 7, 2)
        own = {"generation", "image_uuid", "data_size", "meta_offset", "sections", "csum"}
        assert {key for key in new.header if new.header[key] != old.header[key]} == own
        assert new.header["generation"] == 6


def test_optimise_chooses_as_the_loader(partition):
    path = partition()
    put_image(path, 0, 5)
    put_image(path, 1, 6, "", "--attempts", 3)
    ctl("optimise", "--yes", path)
    with fbimage.Area.open(path) as area:
        assert [slot.header["generation"] for slot in area.slots] == [5, 7]
        assert area.slots[1].state() == fbimage.State(True, 7, 0)
    ctl("optimise", "--yes", path)
    with fbimage.Area.open(path) as area:
        assert [slot.header["generation"] for slot in area.slots] == [8, 7]


@pytest.mark.parametrize("state", ["none", "foreign"])
def test_optimise_makes_a_missing_state(partition, state):
    path = partition()
    put_image(path, 0, 5, "", "--state", state)
    ctl("optimise", path)
    with fbimage.Area.open(path) as area:
        assert area.slots[1].state() == fbimage.State(True)


UNFIT = [
    # mkimage's options, the code
    (("--once", "--restores", 0), "not-golden"),
    (("--once", "--restores", 1, "--attempts", 1, "--consumed"), "slot-consumed"),
    (("--once", "--state", "none"), "state-damaged"),
    (("--attempts", 3), "slot-quarantined"),
]


@pytest.mark.parametrize("options,code", UNFIT)
@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("dry", [True, False])
def test_optimise_refuses_one_shot_and_quarantined_images(partition, options, code, named, dry):
    path = partition()
    put_image(path, 1, 5, "", *options)
    before = path.read_bytes()
    args = ("--slot", "b") if named else ()
    assert "slot B" in refused(code, "optimise", "--yes", *args, *(("--dry-run",) * dry), path)
    assert path.read_bytes() == before


def test_optimise_refuses_a_slot_without_an_image(partition):
    path = partition()
    refused("slot-empty", "optimise", path)
    regions = put_image(path)
    refused("slot-empty", "optimise", "--slot", "b", path)
    flip(path, regions["slot-header"][0] + 100)
    before = path.read_bytes()
    assert "slot A" in refused("slot-checksum", "optimise", path)
    assert path.read_bytes() == before
    one = partition(options=("--slots", "1"))
    put_image(one)
    before = one.read_bytes()
    refused("single-slot", "optimise", "--yes", one)
    assert one.read_bytes() == before


@pytest.mark.parametrize("region,code", [
    ("chunk-0", "chunk-checksum"), ("chunk-2", "chunk-checksum"), ("chunk-4", "chunk-checksum"),
    ("chunk-table", "section-checksum"), ("record", "section-checksum"),
])
@pytest.mark.parametrize("other", [True, False])
def test_optimise_refuses_a_damaged_image_before_it_writes(partition, region, code, other):
    path = partition()
    if other:
        put_image(path, 1, 4)
    flip(path, put_image(path, 0, 5)[region][0] + 9)
    before = path.read_bytes()
    assert "slot A" in refused(code, "optimise", "--yes", path)
    refused(code, "optimise", "--dry-run", path)
    assert path.read_bytes() == before
    slot = json_of("verify", path, status=1)["slots"][1]
    assert slot["good"] if other else slot["status"] == "slot-empty"


def test_optimise_sees_a_chunk_that_does_not_decode(partition):
    path = partition()
    put_image(path, 0, 1, "", "--spoil")
    before = path.read_bytes()
    assert "chunk 0" in refused("chunk-decode", "optimise", path)
    assert path.read_bytes() == before


def test_optimise_in_text(partition):
    path = partition()
    put_image(path, 0, 5, "the\033 first")
    before = path.read_bytes()
    out, _ = ctl("optimise", "--dry-run", path)
    assert "slot A, generation 5" in out and "the? first" in out
    assert "slot B, generation 6" in out and "lost" not in out
    assert path.read_bytes() == before
    out, _ = ctl("optimise", path)
    assert "slot B: generation 6" in out
    out, _ = ctl("optimise", "--dry-run", "--slot", "a", path)
    assert "lost" in out and "slot B, generation 6" in out
    assert "newer" in out and "restored next" in out
    out, _ = ctl("optimise", "--dry-run", path)
    assert "lost" in out and "newer" not in out and "restored next" not in out


def test_optimise_dry_run(partition):
    path = partition()
    put_image(path, 0, 5)
    before = path.read_bytes()
    answer = json_of("optimise", "--dry-run", path)
    assert path.read_bytes() == before
    assert answer["written"] is False
    done = json_of("optimise", path)
    assert done == {**answer, "written": True}
    assert done["level"] == 9 and done["lost"] == [] and done["device"] == str(path)
    assert done["copy"]["chunks"] == done["image"]["chunks"] == {"lz4": 3, "raw": 1, "constant": 1}
    for name, slot, generation in (("image", 0, 5), ("copy", 1, 6)):
        real = json_of("inspect", path)["slots"][slot]
        assert done[name]["slot"] == real["slot"]
        assert done[name]["generation"] == real["generation"] == generation
        assert done[name]["disk_bytes"] == real["disk_bytes"]
        assert done[name]["stored_bytes"] == real["stored_bytes"]
    assert done["copy"]["disk_bytes"] < done["image"]["disk_bytes"]


@pytest.mark.parametrize("domain", ["secure", "open"])
def test_optimise_a_sealed_image(partition, domain):
    path = partition()
    put_image(path, 0, 5, "", "--sealed", domain)
    before = path.read_bytes()
    for options in ((), ("--dry-run",), ("--slot", "a", "--yes")):
        assert "slot A" in refused("sealed", "optimise", *options, path)
    assert path.read_bytes() == before
    # Over a sealed image another can be copied.
    put_image(path, 1, 6)
    ctl("optimise", "--yes", path)
    assert [slot["sealed"] for slot in json_of("inspect", path)["slots"]] == [None, None]


def test_optimise_asks_before_an_image_is_lost(partition):
    path = partition()
    put_image(path, 0, 5)
    damaged = put_image(path, 1, 6, "newest")
    before = path.read_bytes()
    answer = json_of("optimise", "--slot", "a", "--dry-run", path)
    assert answer["lost"] == [{"slot": "b", "status": "ok", "generation": 6,
                               "description": "newest", "newer": True, "restored_next": True}]
    answer = json_of("optimise", "--dry-run", path)
    assert answer["lost"] == [{"slot": "a", "status": "ok", "generation": 5, "description": "",
                               "newer": False, "restored_next": False}]
    for args in (("--slot", "a"), ()):
        refused("not-confirmed", "optimise", *args, path)
        assert json_of("optimise", *args, path, status=1)["error"]["code"] == "not-confirmed"
    assert path.read_bytes() == before

    flip(path, damaged["slot-header"][0] + 100)
    refused("not-confirmed", "optimise", path)
    done = json_of("optimise", "--yes", path)
    assert done["lost"] == [{"slot": "b", "status": "slot-checksum"}]
    assert done["copy"] | {"slot": "b", "generation": 6} == done["copy"]
    ctl("verify", path)


def test_optimise_gives_no_generation_twice(host, tmp_path):
    path = tmp_path / "partition"
    power = host[0] / "sys/power"
    put_image(path, 0, 11, "", "--attempts", 1)
    # Image 41, from which this system was restored, has since been erased.
    (power / "fastboot/generation").write_text("41\n")
    (power / "fastboot_snapshot").write_text("restored generation=41 restores=1\n")
    copy = json_of("optimise", env=env_of(host))["copy"]
    assert (copy["slot"], copy["generation"]) == ("b", 42)
    assert "generation 41" in refused("not-restored", "mark-good", env=env_of(host))
    assert attempts_of(path, 1) == (7, 1)


def test_optimise_a_promoted_image(partition):
    """It is copied over the newer image; what people entered, rank and text, is kept."""
    path = partition()
    put_image(path, 0, 5, "first", "--rank", 9, "--describe", "the better one")
    put_image(path, 1, 6, "newest")
    answer = json_of("optimise", "--dry-run", path)
    assert (answer["image"]["slot"], answer["image"]["generation"]) == ("a", 5)
    assert answer["copy"]["generation"] == 10
    assert answer["lost"] == [{"slot": "b", "status": "ok", "generation": 6,
                               "description": "newest", "newer": True, "restored_next": False}]
    out, _ = ctl("optimise", "--dry-run", path)
    assert "the better one" in out and "newest" in out
    answer = json_of("optimise", "--dry-run", "--slot", "b", path)
    assert answer["lost"] == [{"slot": "a", "status": "ok", "generation": 5,
                               "description": "the better one", "newer": False,
                               "restored_next": True}]
    ctl("optimise", "--yes", path)
    with fbimage.Area.open(path) as area:
        assert area.chosen() is area.slots[1]
        assert area.slots[1].header["generation"] == 10
        assert area.slots[1].header["description"] == "first"
        assert area.slots[1].description == "the better one"
