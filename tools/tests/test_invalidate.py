# SPDX-License-Identifier: GPL-2.0-or-later
"""fastbootctl invalidate."""
import re

from tool import BLOCK, changed_bytes, ctl, env_of, flip, is_empty, json_of, put_image, refused


def test_invalidate(partition):
    path = partition()
    first = put_image(path, 0, 5, "the\033 first")
    second = put_image(path, 1, 6)
    before = path.read_bytes()
    assert json_of("invalidate", "--dry-run", "--slot", "a", path)["lost"] == [
        {"slot": "a", "status": "ok", "generation": 5, "description": "the? first"}]
    refused("not-confirmed", "invalidate", path)
    assert path.read_bytes() == before

    ctl("invalidate", "--yes", "--slot", "a", path)
    start = first["slot-header"][0]
    changed = changed_bytes(before, path.read_bytes())
    assert changed[0] >= start and changed[-1] < start + 2 * BLOCK
    assert is_empty(path.read_bytes()[start:start + 2 * BLOCK])
    assert json_of("verify", path)["slots"][0]["status"] == "slot-empty"

    assert json_of("invalidate", "--yes", path)["erased"] == ["b"]
    start = second["slot-header"][0]
    assert is_empty(path.read_bytes()[start:start + 2 * BLOCK])
    before = path.read_bytes()
    done = json_of("invalidate", path)
    assert done["erased"] == done["lost"] == []
    assert path.read_bytes() == before


def test_invalidate_in_text(partition):
    path = partition()
    put_image(path, 0, 5, "the\033 first")
    put_image(path, 1, 6)
    out, _ = ctl("invalidate", "--dry-run", "--slot", "a", path)
    assert "slot A, generation 5" in out and "the? first" in out and "slot B" not in out
    ctl("invalidate", "--yes", "--slot", "a", path)
    out, _ = ctl("invalidate", "--yes", path)
    assert re.search("slot A: +empty", out) and re.search("slot B: erased", out)


def test_invalidate_a_damaged_image(partition):
    path = partition()
    start = put_image(path)["slot-header"][0]
    flip(path, start + 100)
    assert json_of("invalidate", "--yes", path)["lost"] == [
        {"slot": "a", "status": "slot-checksum"}]
    assert is_empty(path.read_bytes()[start:start + 2 * BLOCK])


def test_invalidate_finds_the_area(host, tmp_path):
    put_image(tmp_path / "partition", 1, 3)
    ctl("invalidate", "--yes", env=env_of(host))
    slots = json_of("verify", env=env_of(host))["slots"]
    assert [slot["status"] for slot in slots] == ["slot-empty"] * 2


def test_json_of_invalidate(partition):
    path = partition()
    put_image(path, 1, 8)
    lost = [{"slot": "b", "status": "ok", "generation": 8, "description": ""}]
    plan = {"device": str(path), "dry_run": True, "erased": [], "lost": lost}
    assert json_of("invalidate", "--dry-run", path) == plan
    asked = json_of("invalidate", path, status=1)
    assert asked["lost"] == lost and asked["error"]["code"] == "not-confirmed"
    assert json_of("invalidate", "--yes", path) == {**plan, "dry_run": False, "erased": ["b"]}
    assert json_of("invalidate", "--yes", path)["lost"] == []
