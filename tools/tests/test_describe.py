# SPDX-License-Identifier: GPL-2.0-or-later
"""fastbootctl describe."""
import json
import os

import pytest

import fbimage
from tool import changed_bytes, ctl, put_image, refused


def test_describe(partition):
    path = partition()
    offset, size = put_image(path, 1, 8, "taken so", "--attempts", 2, "--rank", 9)["state"]
    before = path.read_bytes()
    assert ctl("describe", "--slot", "b", path)[0] == "taken so\n"
    out, _ = ctl("describe", "--slot", "b", "--text", "Frühling", "--dry-run", path)
    assert out == "slot B: generation 8 is to be described as: Frühling\n"
    assert path.read_bytes() == before
    out, _ = ctl("describe", "--slot", "b", "--text", "Frühling", path)
    assert out == "slot B: generation 8 is described as: Frühling\n"
    changed = changed_bytes(before, path.read_bytes())
    assert changed and changed[0] >= offset and changed[-1] < offset + size
    with fbimage.Area.open(path) as area:
        assert area.slots[1].state() == fbimage.State(True, 7, 2, False, 9, "Frühling")
        assert area.slots[1].header["description"] == "taken so"
    for verb in ("list", "status", "inspect"):
        assert "Frühling" in ctl(verb, path)[0] and "taken so" not in ctl(verb, path)[0]
    assert "Frühling" in ctl("invalidate", "--dry-run", path)[0]

    before = path.read_bytes()
    out, _ = ctl("describe", "--slot", "b", "--text", "Frühling", path)
    assert out == "slot B: generation 8 is already described as: Frühling\n"
    assert path.read_bytes() == before
    told = json.loads(ctl("describe", "--slot", "b", "--json", path)[0])
    assert told == {"device": str(path), "written": False, "slot": "b", "generation": 8,
                    "description": "Frühling", "taken_as": "taken so"}
    told = json.loads(ctl("describe", "--slot", "b", "--text", "", "--json", path)[0])
    assert told["written"] and told["description"] == "taken so"


@pytest.mark.parametrize("text", ["x" * 127, "ü" * 63, ""])
def test_describe_takes(partition, text):
    path = partition()
    put_image(path)
    ctl("describe", "--slot", "a", "--text", text, path)
    with fbimage.Area.open(path) as area:
        assert area.slots[0].state().description == text


@pytest.mark.parametrize("text", ["x" * 128, "ü" * 64, "two\nlines", "\033[2J", "\x7f",
                                  b"\xc3(", b"\xed\xa0\x80", b"\xc2\x85"])
def test_describe_refuses(partition, text):
    path = partition()
    put_image(path)
    before = path.read_bytes()
    text = text if isinstance(text, str) else os.fsdecode(text)
    assert "--text" in refused("usage", "describe", "--slot", "a", "--text", text, path, status=2)
    assert path.read_bytes() == before


def test_describe_what_cannot_be(partition):
    path = partition()
    put_image(path, 0, 1, "asleep", "--once", "--restores", 0)
    before = path.read_bytes()
    refused("usage", "describe", path, status=2)
    assert ctl("describe", "--slot", "a", path)[0] == "asleep\n"
    for dry in ((), ("--dry-run",)):
        refused("not-golden", "describe", "--slot", "a", "--text", "x", *dry, path)
        refused("slot-empty", "describe", "--slot", "b", "--text", "x", *dry, path)
    assert path.read_bytes() == before
