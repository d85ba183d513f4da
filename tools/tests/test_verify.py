# SPDX-License-Identifier: GPL-2.0-or-later
"""fastbootctl verify: it finds and names each kind of damage."""
import json
import os
import re

import pytest

from tool import MIB, SIZE, SWAP_MIN, ctl, flip, json_of, put_image, refused


def test_verify_in_text(partition):
    path = partition()
    put_image(path, 1, 7)
    out, _ = ctl("verify", path)
    assert re.search("^slot A: empty", out, re.M)
    assert re.search("^slot B: good: generation 7", out, re.M)
    ctl("verify", "--slot", "b", path)
    refused("slot-empty", "verify", "--slot", "a", path)


REGIONS = {
    # region: (code, what the line must name)
    "area-header": ("area-checksum", "area header"),
    "slot-header": ("slot-checksum", "slot header"),
    "state": ("state-damaged", "slot state"),
    "record": ("section-checksum", "restore record"),
    "fingerprint": ("section-checksum", "fingerprint"),
    "runtime-map": ("section-checksum", "EFI runtime map"),
    "aux": ("section-checksum", "auxiliary ranges"),
    "proofs": ("section-checksum", "proofs"),
    "page-index": ("section-checksum", "page index"),
    "chunk-table": ("section-checksum", "chunk table"),
    "chunk-0": ("chunk-checksum", "chunk 0"),
    "chunk-2": ("chunk-checksum", "chunk 2"),
    "chunk-4": ("chunk-checksum", "chunk 4"),
}


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("where", [0.1, 0.5, 1])
def test_verify_names_the_damaged_region(partition, region, where):
    path = partition()
    regions = put_image(path)
    offset, size = regions[region]
    code, name = REGIONS[region]
    at = offset + max(8, int(size * where)) - 1
    if region == "area-header" and where < 1:
        at = offset + 60
    flip(path, at, bit=3)
    line = refused(code, "verify", path)
    assert name in line, line
    flip(path, at, bit=3)
    ctl("verify", path)


NOT_CHECKED = "authenticity not checked: the key is in the firmware"


@pytest.mark.parametrize("domain", ["secure", "open"])
def test_verify_a_sealed_image(partition, domain):
    path = partition()
    put_image(path, 1, 7, "", "--sealed", domain)
    out, _ = ctl("verify", path)
    assert re.search("^slot B: good: generation 7", out, re.M)
    assert f"slot B: sealed ({domain}); {NOT_CHECKED}\n" in out
    slot = json_of("verify", path)["slots"][1]
    assert (slot["sealed"], slot["authenticity_checked"]) == (domain, False)
    assert (slot["good"], slot["chunks"], slot["chunks_damaged"]) == (True, 5, 0)
    put_image(path, 0, 6)
    assert NOT_CHECKED not in ctl("verify", "--slot", "a", path)[0]
    assert json_of("verify", path)["slots"][0]["sealed"] is None


SEALED_REGIONS = {**REGIONS, "seal": ("section-checksum", "seal"),
                  "tags": ("section-checksum", "chunk tags")}


@pytest.mark.parametrize("region", SEALED_REGIONS)
def test_verify_a_damaged_sealed_image(partition, region):
    path = partition()
    offset, size = put_image(path, 0, 1, "", "--sealed", "secure")[region]
    code, name = SEALED_REGIONS[region]
    flip(path, offset + size - (17 if region == "seal" else 1), bit=3)
    line = refused(code, "verify", path)
    assert name in line, line


@pytest.mark.parametrize("offset,code", [(0, "incompat"), (4, "incompat"), (8, "incompat"),
                                         (12, "reserved"), (127, "reserved")])
def test_verify_an_unknown_seal(partition, offset, code):
    """As the loader: what a seal says of itself comes before its section's checksum."""
    path = partition()
    regions = put_image(path, 0, 1, "", "--sealed", "secure")
    flip(path, regions["seal"][0] + offset, bit=4)
    for verb in ("verify", "inspect"):
        assert "seal" in refused(code, verb, path)


def test_verify_does_not_decode_sealed_chunks(partition):
    """LZ4 must not see what nobody has authenticated, and could not decode it anyway."""
    path = partition()
    put_image(path, 0, 1, "", "--sealed", "secure", "--spoil")
    ctl("verify", path)


def test_verify_magic(partition):
    path = partition()
    regions = put_image(path)
    flip(path, regions["slot-header"][0])
    refused("slot-magic", "verify", path)
    flip(path, regions["area-header"][0])
    refused("area-magic", "verify", path)


def test_verify_continues_after_damage(partition):
    path = partition()
    first = put_image(path, 0, 1)
    second = put_image(path, 1, 2)
    flip(path, first["chunk-1"][0] + 100)
    flip(path, first["chunk-4"][0])
    flip(path, second["record"][0])
    _, err = ctl("verify", path, status=1)
    assert re.findall(r"slot [AB]: chunk \d+", err) == ["slot A: chunk 1", "slot A: chunk 4"]
    assert re.search("^fastbootctl: section-checksum: .*slot B: .*restore record", err, re.M)
    a, b = json_of("verify", path, status=1)["slots"]
    assert (a["chunks"], a["chunks_damaged"], a["good"]) == (5, 2, False)
    assert not b.get("good")


def test_verify_sees_a_chunk_that_does_not_decode(partition):
    path = partition()
    put_image(path, 0, 1, "", "--spoil")
    assert "chunk 0" in refused("chunk-decode", "verify", path)


@pytest.mark.parametrize("state", ["none", "foreign"])
def test_verify_a_foreign_or_missing_state(partition, state):
    path = partition()
    put_image(path, 0, 1, "", "--state", state)
    ctl("verify", path)
    put_image(path, 0, 1, "", "--once", "--state", state)
    assert "slot A" in refused("state-damaged", "verify", path)
    assert "once: " in json_of("verify", path, status=1)["error"]["advice"]


def usable(path):
    return [(slot["usable"], slot["good"]) for slot in json_of("verify", path)["slots"]]


def test_verify_reports_other_refusals(partition):
    path = partition()
    put_image(path, 0, 1, "", "--attempts", 3)
    put_image(path, 1, 2, "", "--once", "--restores", 1, "--consumed")
    assert usable(path) == [("slot-quarantined", True), ("slot-consumed", True)]
    out, _ = ctl("verify", path)
    assert "slot A: slot-quarantined: " in out and "slot B: slot-consumed: " in out
    put_image(path, 0, 1, "", "--attempts", 2)
    put_image(path, 1, 2, "", "--once", "--restores", 0)
    assert usable(path) == [("ok", True), ("ok", True)]
    assert "slot-" not in ctl("verify", path)[0]


def test_verify_an_image_of_another_area(partition, tmp_path):
    path = partition()
    regions = put_image(path)
    saved = path.read_bytes()[SWAP_MIN:4 * MIB]
    ctl("prepare", "--yes", path)
    with open(path, "r+b") as file:
        file.seek(regions["slot-header"][0])
        file.write(saved)
    refused("slot-foreign", "verify", path)


def test_verify_a_cut_partition(partition):
    path = partition()
    put_image(path)
    os.truncate(path, SIZE * 3 // 4)
    refused("area-magic", "verify", path)
    os.truncate(path, 0)
    refused("area-magic", "verify", path)


def test_json_of_verify(partition):
    path = partition()
    regions = put_image(path, 0, 8)
    done = json_of("verify", path)
    assert done["device"] == str(path)
    slot, empty = done["slots"]
    assert empty == {"slot": "b", "status": "slot-empty"}
    assert (slot["status"], slot["good"], slot["chunks"], slot["chunks_damaged"]) == \
        ("ok", True, 5, 0)
    assert slot["usable"] == "ok" and slot["generation"] == 8
    flip(path, regions["chunk-0"][0])
    flip(path, regions["chunk-2"][0])
    done = json_of("verify", path, status=1)
    assert done["error"]["code"] == "chunk-checksum" and "chunk 0" in done["error"]["message"]
    assert done["slots"][0]["chunks_damaged"] == 2 and done["slots"][0]["good"] is False
    assert json_of("verify", "--slot", "b", path, status=1)["error"]["code"] == "slot-empty"


def test_json_is_printable(tmp_path):
    out, _ = ctl("verify", "--json", tmp_path / "a\033b", status=3)
    assert json.loads(out)["error"]["message"].startswith(f"{tmp_path}/a?b: ")
