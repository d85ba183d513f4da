# SPDX-License-Identifier: GPL-2.0-or-later
"""fastbootctl list."""
import re

from tool import BLOCK, SIZE, boot_entry, ctl, env_of, flip, listed, put_image, refused


def row_of(text, slot):
    return next(line for line in text.splitlines() if line[:5].split()[-1:] == [slot])


def test_list_in_text_and_json(partition):
    path = partition()
    out, _ = ctl("list", path)
    assert out.splitlines()[0] == f"{path}:" and "GENERATION" in out.splitlines()[1]
    assert "slot-empty: " in row_of(out, "A") and "slot-empty: " in row_of(out, "B")
    assert "->" not in out and "last refusal" not in out

    put_image(path, 0, 5, "the\033 first", "--attempts", 2)
    put_image(path, 1, 6, "", "--restores", 1, "--attempts", 3, "--describe", "fair café")
    out, _ = ctl("list", path)
    assert row_of(out, "A").startswith("-> A ") and row_of(out, "B").startswith("   B ")
    first = r"golden +- +5 +\d+ days +[\d.]+ MiB +[\d.]+ MiB +7 +2 +ok +6\.1\.0-sample +the\? first$"
    assert re.search(first, row_of(out, "A")), out
    second = r"golden +- +6 .* 1 +3 +slot-quarantined +6\.1\.0-sample +fair café$"
    assert re.search(second, row_of(out, "B")), out

    answer = listed(path)
    assert answer["device"] == str(path)
    assert answer["boot_entry_slot"] is None and answer["last_refusal"] is None
    a, b = answer["slots"]
    assert (a["restored_next"], b["restored_next"]) == (True, False)
    assert (a["rank"], b["rank"]) == (a["generation"], b["generation"]) == (5, 6)
    assert (a["usable"], b["usable"]) == ("ok", "slot-quarantined")
    assert (a["description"], b["description"]) == ("the? first", "fair café")
    assert a["pages"] == 300 + 400 + 212 + 256 + 256 + 33 and a["disk_bytes"] < a["pages"] * BLOCK


def test_list_sealed_images(partition):
    path = partition()
    put_image(path, 0, 5, "", "--sealed", "secure")
    regions = put_image(path, 1, 6, "", "--sealed", "open")
    out, _ = ctl("list", path)
    assert re.search(r"golden +secure +5 .* ok ", row_of(out, "A")), out
    assert re.search(r"golden +open +6 .* ok ", row_of(out, "B")), out
    assert [(slot["sealed"], slot["authenticity_checked"]) for slot in listed(path)["slots"]] == \
        [("secure", False), ("open", False)]
    # The loader chooses before it looks at the seal; only then it refuses.
    flip(path, regions["seal"][0])
    assert row_of(ctl("list", path)[0], "B").startswith("-> B ")
    assert [slot["sealed"] for slot in listed(path)["slots"]] == ["secure", "damaged"]
    put_image(path, 1, 6)
    assert [slot["sealed"] for slot in listed(path)["slots"]] == ["secure", None]
    assert "authenticity_checked" not in listed(path)["slots"][1]


def test_list_damage(partition):
    path = partition()
    flip(path, put_image(path, 1, 6)["slot-header"][0] + 100)
    put_image(path, 0, 5, "", "--once", "--restores", 0)
    out, _ = ctl("list", path)
    assert row_of(out, "A").startswith("-> A     once ")
    assert "slot-checksum: " in row_of(out, "B")
    assert listed(path)["slots"][1] == {"slot": "b", "status": "slot-checksum"}
    flip(path, SIZE - 100)
    refused("area-checksum", "list", path)


def test_list_boot_entry_and_last_refusal(host, tmp_path):
    """The boot entry may name a slot; list also shows why the loader did not restore."""
    variables = tmp_path / "efivars"
    variables.mkdir()
    env = {**env_of(host), "EFIVARFS_PATH": f"{variables}/"}
    put_image(tmp_path / "partition", 0, 5)
    assert listed(env=env)["boot_entry_slot"] is None
    boot_entry(variables, "cores=1")
    assert listed(env=env)["boot_entry_slot"] is None
    boot_entry(variables, "cores=1 slot=b")
    assert listed(env=env)["boot_entry_slot"] == "b"
    assert "slot B" in ctl("list", env=env)[0]

    loader_result = host[0] / "sys/power/fastboot/loader_result"
    loader_result.write_text("result=restored\nslot=a\n")
    assert listed(env=env)["last_refusal"] is None
    loader_result.write_text("result=refused\ncode=fs-changed\nsentence=changed\nadvice=take one\n")
    assert "fs-changed: changed; take one\n" in ctl("list", env=env)[0]
    assert listed(env=env)["last_refusal"] == {"result": "refused", "code": "fs-changed",
                                               "sentence": "changed", "advice": "take one"}
