# SPDX-License-Identifier: GPL-2.0-or-later
"""fastbootctl mark-good."""
import pytest

from tool import SIZE, attempts_of, changed_bytes, ctl, env_of, flip, json_of, put_image, refused


@pytest.mark.parametrize("state", [("--attempts", 3), ("--state", "none"),
                                   ("--state", "foreign")])
def test_mark_good_a_slot(partition, state):
    path = partition()
    offset, size = put_image(path, 1, 8, "", *state)["state"]
    before = path.read_bytes()
    done = json_of("mark-good", "--slot", "b", path)
    assert (done["slot"], done["generation"], done["written"]) == ("b", 8, True)
    changed = changed_bytes(before, path.read_bytes())
    assert changed and changed[0] >= offset and changed[-1] < offset + size
    assert attempts_of(path, 1) == (7 if "--attempts" in state else 0, 0)
    ctl("verify", path)
    before = path.read_bytes()
    assert json_of("mark-good", "--slot", "b", path) == {
        **done, "attempts_before": 0, "written": False}
    assert path.read_bytes() == before


@pytest.mark.parametrize("options", [(), ("--consumed", "--restores", 1, "--attempts", 1),
                                     ("--state", "none"), ("--attempts", 3)])
def test_mark_good_leaves_a_one_shot_image(partition, options):
    path = partition()
    put_image(path, 0, 1, "", "--once", *options)
    before = path.read_bytes()
    refused("not-golden", "mark-good", "--slot", "a", path)
    assert path.read_bytes() == before


def test_mark_good_refuses_a_slot_without_an_image(partition):
    path = partition()
    regions = put_image(path, 0, 1, "", "--attempts", 3)
    flip(path, regions["slot-header"][0] + 100)
    before = path.read_bytes()
    refused("slot-checksum", "mark-good", "--slot", "a", path)
    refused("slot-empty", "mark-good", "--slot", "b", path)
    flip(path, SIZE - 100)
    refused("area-checksum", "mark-good", "--slot", "b", path)
    flip(path, SIZE - 100)
    assert path.read_bytes() == before


# A proof of the image's own partition, which is present; test_proofs.py has other disks.
OWN_PROOF = f"{'00' * 16}:2:0:0:512:0"


def test_mark_good_the_image_restored(host, tmp_path):
    snapshot = host[0] / "sys/power/fastboot_snapshot"
    path, env = tmp_path / "partition", env_of(host)
    put_image(path, 0, 11, "", "--attempts", 1, "--proof", OWN_PROOF)
    put_image(path, 1, 12, "", "--attempts", 2)

    refused("not-restored", "mark-good", env=env)
    for text in ("idle", "saved generation=12", "restored generation=", ""):
        snapshot.write_text(f"{text}\n")
        assert "--slot" in refused("not-restored", "mark-good", env=env)
    snapshot.write_text("restored generation=13 restores=1\n")
    assert "generation 13" in refused("not-restored", "mark-good", env=env)
    assert attempts_of(path, 0) == (7, 1) and attempts_of(path, 1) == (7, 2)

    snapshot.write_text("restored generation=11 restores=1\n")
    done = json_of("mark-good", env=env)
    assert (done["slot"], done["generation"]) == ("a", 11)
    assert attempts_of(path, 0) == (7, 0) and attempts_of(path, 1) == (7, 2)
    ctl("mark-good", "--slot", "b", env=env)
    assert attempts_of(path, 1) == (7, 0)

    put_image(path, 1, 11, "", "--attempts", 2)
    assert "generation 11" in refused("not-restored", "mark-good", env=env)
    put_image(path, 1, 12, "", "--once", "--consumed", "--restores", 1)
    snapshot.write_text("restored generation=12 restores=1\n")
    refused("not-golden", "mark-good", env=env)


def test_json_of_mark_good(partition):
    path = partition()
    put_image(path, 0, 8, "", "--attempts", 2)
    before = path.read_bytes()
    done = {"device": str(path), "slot": "a", "generation": 8, "attempts_before": 2,
            "written": False}
    assert json_of("mark-good", "--slot", "a", "--dry-run", path) == done
    assert path.read_bytes() == before
    assert json_of("mark-good", "--slot", "a", path) == {**done, "written": True}
    assert json_of("mark-good", "--slot", "a", path) == {**done, "attempts_before": 0}
    assert json_of("mark-good", "--slot", "b", path, status=1)["error"]["code"] == "slot-empty"


def test_mark_good_in_text(partition):
    path = partition()
    put_image(path, 0, 8, "", "--attempts", 2)
    outputs = [ctl("mark-good", "--slot", "a", *dry, path)[0]
               for dry in (("--dry-run",), (), ())]
    assert all("slot A: generation 8 " in out for out in outputs)
    assert len(set(outputs)) == 3, "would be marked, is marked, was good already"
