# SPDX-License-Identifier: GPL-2.0-or-later
"""fastbootctl inspect, and the state of a slot, which status shows too."""
import re

import pytest

from tool import BLOCK, ctl, flip, json_of, put_image, refused

STATE = ("mode", "state_valid", "restores", "attempts", "consumed", "usable", "advice")
USABLE = {"mode": "golden", "state_valid": True, "restores": 7, "attempts": 0,
          "consumed": False, "usable": "ok", "advice": None}


def state_of(slot):
    return {key: slot[key] for key in STATE}


STATES = [
    # mkimage's options, what differs from USABLE
    (("--attempts", 1), {"attempts": 1}),
    (("--restores", 1, "--attempts", 3), {"restores": 1, "attempts": 3,
                                          "usable": "slot-quarantined", "advice": "mark-good"}),
    (("--state", "none"), {"state_valid": False, "restores": 0}),
    (("--once", "--restores", 0), {"mode": "once", "restores": 0}),
    (("--once", "--restores", 1, "--attempts", 1, "--consumed"),
     {"mode": "once", "restores": 1, "attempts": 1, "consumed": True, "usable": "slot-consumed",
      "advice": "echo once"}),
    (("--once", "--state", "foreign"),
     {"mode": "once", "state_valid": False, "restores": 0, "usable": "state-damaged",
      "advice": "new image"}),
]


@pytest.mark.parametrize("options,changed", STATES)
@pytest.mark.parametrize("verb", ["inspect", "status"])
def test_the_state_of_a_slot(partition, verb, options, changed):
    path = partition()
    put_image(path, 0, 5, "", *options)
    data = json_of(verb, path)
    state = state_of((data if verb == "inspect" else data["images"])["slots"][0])
    wanted = {**USABLE, **changed}
    assert (wanted.pop("advice") or "") in (state.pop("advice") or "")
    assert state == wanted
    out, _ = ctl(verb, path)
    assert f"generation 5, {wanted['mode']}, " in out
    assert (f"{wanted['restores']} time" in out) == wanted["state_valid"]
    shown = wanted["attempts"] if wanted["mode"] == "golden" else 0
    assert (f"{shown} attempt" in out) == bool(shown)
    if wanted["usable"] == "ok":
        assert "slot-" not in out.replace("slot-empty", "") and "state-damaged" not in out
    else:
        assert re.search(rf"^ +{wanted['usable']}: .*; .*{changed['advice']}", out, re.M), out


def test_inspect_a_sealed_image(partition):
    path = partition()
    put_image(path, 0, 5)
    put_image(path, 1, 6, "", "--sealed", "open")
    for verb, lead in (("inspect", r"  sealed       open; "), ("status", r" +sealed \(open\); ")):
        out, _ = ctl(verb, path)
        assert len(re.findall(rf"^{lead}authenticity not checked: the key is in the firmware$",
                              out, re.M)) == 1, out
    assert "  key          page at 0x3effe000" in ctl("inspect", path)[0]
    assert "key  " not in ctl("inspect", "--slot", "a", path)[0]
    a, b = json_of("inspect", path)["slots"]
    assert a["sealed"] is None and "authenticity_checked" not in a
    assert (b["sealed"], b["authenticity_checked"]) == ("open", False)
    assert (a["record"]["key_phys"], b["record"]["key_phys"]) == ("0", "0x3effe000")
    assert b["chunks"] == a["chunks"] and b["stored_bytes"] == a["stored_bytes"]


def test_inspect_json(partition):
    path = partition()
    put_image(path, 0, 5, "golden \033[2J\u00e9")
    data = json_of("inspect", path)
    slot, empty = data["slots"]
    assert empty == {"slot": "b", "status": "slot-empty"}
    assert slot["status"] == "ok" and slot["generation"] == 5 and slot["restores"] == 7
    assert slot["description"] == "golden ?[2J\u00e9"
    assert slot["kernel"] == "6.1.0-sample"
    assert slot["pages"] == 300 + 400 + 212 + 256 + 256 + 33
    assert slot["pages_constant"] == slot["pages_zero"] == 400
    assert slot["pages_in_constant_chunks"] == 256
    assert slot["chunks"] == {"lz4": 3, "raw": 1, "constant": 1}
    assert slot["longest_runs"][0] == {"pfn": 0x1000, "pages": 400, "constant": True}
    assert [row["pages"] for row in slot["longest_runs"]] == [400, 300, 256, 256, 212]
    assert slot["record"]["jump_address_phys"] == "0x1234000"
    assert slot["record"]["paging_levels"] == 4
    fields = {row["what"]: row["text"] for row in slot["fingerprint"]}
    assert fields["processors"] == "2"
    assert fields["PCI device 0000:00:1f.2"].startswith("8086:2922 ")
    assert slot["runtime_map"][0]["phys"] == "0x3f000000"
    assert slot["auxiliary_ranges"] == [{"pfn": 0x100000, "pages": 2, "kind": 1}]
    assert slot["proofs"] == [
        {"kind": "partition table", "partition": None, "whole_disk": True,
         "offset": 512, "size": 512, "digest": "0x1"},
        {"kind": "image partition", "partition": None, "whole_disk": False,
         "offset": 0, "size": 4096, "digest": "0x2"},
        {"kind": "ext2/3/4 superblock", "partition": "33221100-5544-7766-8899-aabbccddeeff",
         "whole_disk": False, "offset": 1024, "size": 1024, "digest": "0xfedcba9876543210"}]
    assert state_of(slot) == USABLE
    stored = slot["stored_bytes"] / (slot["pages"] * BLOCK) * 100
    assert slot["percent_of_memory"] == pytest.approx(stored, abs=0.01)


def test_inspect_text(partition):
    path = partition()
    put_image(path, 1, 9, "two")
    out, _ = ctl("inspect", path)
    for words in ("slot A: empty", "slot B: generation 9", "restored 7 times", "two",
                  "fingerprint, 5 items", "EFI runtime map, 1 regions", "longest runs",
                  "3 LZ4, 1 raw, 1 constant", "ACPI table 0, FACP", "proofs, 3",
                  "disk of the image's partition, byte 512, 512 bytes",
                  " the image's partition, byte 0, 4096 bytes",
                  " 33221100-5544-7766-8899-aabbccddeeff, byte 1024, 1024 bytes"):
        assert words in out, words
    refused("slot-empty", "inspect", "--slot", "a", path)
    assert "slot A" not in ctl("inspect", "--slot", "B", path)[0]


def test_inspect_damage(partition):
    path = partition()
    flip(path, put_image(path)["page-index"][0])
    refused("section-checksum", "inspect", path)
    slot = json_of("inspect", path, status=1)["slots"][0]
    assert slot == {"slot": "a", "status": "section-checksum"}


def test_json_of_inspect_and_status_has_errors(partition, tmp_path):
    path = partition()
    flip(path, put_image(path)["page-index"][0])
    assert json_of("inspect", path, status=1)["error"]["code"] == "section-checksum"
    none = {"FASTBOOTCTL_ROOT": str(tmp_path / "none"), "EFIVARFS_PATH": "/none/"}
    done = json_of("status", status=3, env=none)
    assert done["error"]["code"] == "open-failed" and done["images"] == {"present": False}
