# SPDX-License-Identifier: GPL-2.0-or-later
"""fastbootctl describe."""
import os

import pytest

import fbimage
from tool import changed_bytes, ctl, json_of, put_image, refused


def test_describe(partition):
    path = partition()
    offset, size = put_image(path, 1, 8, "taken so", "--attempts", 2, "--rank", 9)["state"]
    before = path.read_bytes()
    assert ctl("describe", "--slot", "b", path)[0] == "taken so\n"
    plan = {"device": str(path), "written": False, "slot": "b", "generation": 8,
            "description": "Frühling", "taken_as": "taken so"}
    spring = ("describe", "--slot", "b", "--text", "Frühling")
    assert json_of(*spring, "--dry-run", path) == plan
    assert path.read_bytes() == before
    assert json_of(*spring, path) == {**plan, "written": True}
    changed = changed_bytes(before, path.read_bytes())
    assert changed and changed[0] >= offset and changed[-1] < offset + size
    with fbimage.Area.open(path) as area:
        assert area.slots[1].state() == fbimage.State(True, 7, 2, False, 9, "Frühling")
        assert area.slots[1].header["description"] == "taken so"
    for verb in ("list", "status", "inspect"):
        assert "Frühling" in ctl(verb, path)[0] and "taken so" not in ctl(verb, path)[0]
    assert "Frühling" in ctl("invalidate", "--dry-run", path)[0]

    before = path.read_bytes()
    assert json_of(*spring, path) == plan
    assert path.read_bytes() == before
    assert json_of("describe", "--slot", "b", path) == plan
    answer = json_of("describe", "--slot", "b", "--text", "", path)
    assert answer["written"] and answer["description"] == "taken so"


def test_describe_in_text(partition):
    path = partition()
    put_image(path, 1, 8)
    outputs = [ctl("describe", "--slot", "b", "--text", "Frühling", *dry, path)[0]
               for dry in (("--dry-run",), (), ())]
    assert all(out.startswith("slot B: generation 8 ") for out in outputs)
    assert all(out.endswith("Frühling\n") for out in outputs)
    assert len(set(outputs)) == 3, "would be described, is described, was described already"


@pytest.mark.parametrize("text", ["x" * 127, "ü" * 63, ""])
def test_describe_accepts(partition, text):
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


def test_describe_refuses_other_slots(partition):
    path = partition()
    put_image(path, 0, 1, "asleep", "--once", "--restores", 0)
    before = path.read_bytes()
    refused("usage", "describe", path, status=2)
    assert ctl("describe", "--slot", "a", path)[0] == "asleep\n"
    for dry in ((), ("--dry-run",)):
        refused("not-golden", "describe", "--slot", "a", "--text", "x", *dry, path)
        refused("slot-empty", "describe", "--slot", "b", "--text", "x", *dry, path)
    assert path.read_bytes() == before
