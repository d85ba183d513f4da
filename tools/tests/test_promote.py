# SPDX-License-Identifier: GPL-2.0-or-later
"""fastbootctl promote and rollback."""
import pytest

import fbimage
from tool import (
    boot_entry, changed_bytes, ctl, env_of, json_of, listed, next_slot, put_image, refused)


def test_promote(partition):
    path = partition()
    offset, size = put_image(path, 0, 5, "", "--attempts", 2, "--describe", "old")["state"]
    put_image(path, 1, 6)
    before = path.read_bytes()
    answer = json_of("promote", "--slot", "b", path)
    assert (answer["written"], answer["generation"], answer["instead_of"]) == (False, 6, None)
    answer = json_of("promote", "--slot", "a", "--dry-run", path)
    assert path.read_bytes() == before and next_slot(path) == "b"
    assert answer == {"device": str(path), "written": False, "slot": "a", "generation": 5,
                      "rank": 7, "instead_of": {"slot": "b", "generation": 6}}
    assert json_of("promote", "--slot", "a", path) == {**answer, "written": True}
    changed = changed_bytes(before, path.read_bytes())
    assert changed and changed[0] >= offset and changed[-1] < offset + size
    assert next_slot(path) == "a"
    with fbimage.Area.open(path) as area:
        assert area.slots[0].state() == fbimage.State(True, 7, 2, False, 7, "old")
    answer = json_of("promote", "--slot", "b", path)
    assert (answer["slot"], answer["generation"], answer["written"]) == ("b", 6, True)
    assert next_slot(path) == "b"
    ctl("verify", path)


def test_promote_in_text(partition):
    path = partition()
    put_image(path, 0, 5)
    put_image(path, 1, 6)
    outputs = [ctl("promote", "--slot", "a", *dry, path)[0] for dry in (("--dry-run",), (), ())]
    assert all(out.startswith("slot A: generation 5 ") for out in outputs)
    assert len(set(outputs)) == 3, "would come first, comes first, came first already"
    assert ctl("rollback", path)[0].startswith("slot B: generation 6 ")


def test_rollback(partition):
    path = partition()
    put_image(path, 0, 5)
    put_image(path, 1, 6)
    answer = json_of("rollback", "--dry-run", path)
    assert next_slot(path) == "b" and answer["slot"] == "a" and not answer["written"]
    for turn, slot in enumerate("abab"):
        answer = json_of("rollback", path)
        assert (answer["slot"], answer["generation"]) == (slot, 5 + turn % 2) and answer["written"]
        assert next_slot(path) == slot
    # An image without a state gets one.
    put_image(path, 0, 5, "", "--state", "foreign")
    ctl("rollback", path)
    assert next_slot(path) == "a"
    with fbimage.Area.open(path) as area:
        assert area.slots[0].state() == fbimage.State(True, 0, 0, False, 11)


@pytest.mark.parametrize("options,code", [
    (("--attempts", 3), "slot-quarantined"),
    (("--once", "--restores", 1, "--attempts", 1, "--consumed"), "slot-consumed"),
    (("--once", "--state", "none"), "state-damaged"),
    (("--once", "--restores", 0), "not-golden"),
])
@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_images_that_cannot_be_promoted(partition, options, code, dry):
    path = partition()
    refused("slot-empty", "rollback", path)
    put_image(path, 1, 6)
    refused("slot-empty", "promote", "--slot", "a", *dry, path)
    refused("slot-empty", "rollback", *dry, path)
    put_image(path, 0, 5, "", *options)
    before = path.read_bytes()
    for args in (("promote", "--slot", "a"), ("rollback",)):
        assert "slot A" in refused(code, *args, *dry, path)
    # The other image already comes first, whatever the state of this one.
    ctl("promote", "--slot", "b", path)
    assert path.read_bytes() == before and next_slot(path) == "b"


def test_not_promoted_over_an_image_that_waits(partition):
    path = partition()
    put_image(path, 0, 5)
    put_image(path, 1, 6, "", "--once", "--restores", 0)
    before = path.read_bytes()
    for args in (("promote", "--slot", "a"), ("rollback",)):
        for dry in ((), ("--dry-run",)):
            assert "slot B" in refused("once-waiting", *args, *dry, path)
    refused("not-golden", "promote", "--slot", "b", path)
    assert path.read_bytes() == before

    # A one-shot image that is consumed or can never be restored is no obstacle.
    for options in (("--restores", 1, "--consumed"), ("--state", "none")):
        put_image(path, 0, 5)
        put_image(path, 1, 6, "", "--once", *options)
        assert next_slot(path) == "a"
        ctl("promote", "--slot", "a", path)
        with fbimage.Area.open(path) as area:
            assert area.slots[0].rank == 7
    ctl("invalidate", "--yes", "--slot", "b", path)
    ctl("promote", "--slot", "a", path)


def test_promote_usage(partition):
    path = partition(options=("--slots", "1"))
    refused("usage", "promote", path, status=2)
    refused("usage", "rollback", "--slot", "a", path, status=2)
    put_image(path, 0, 5)
    refused("single-slot", "rollback", path)
    assert json_of("promote", "--slot", "a", path)["written"] is False


def test_promoted_against_the_boot_entry(host, tmp_path):
    """A boot entry that names a slot makes the loader ignore ranks."""
    variables = tmp_path / "efivars"
    variables.mkdir()
    env = {**env_of(host), "EFIVARFS_PATH": f"{variables}/"}
    put_image(tmp_path / "partition", 0, 5)
    put_image(tmp_path / "partition", 1, 6)
    for options in (None, "cores=1"):
        if options:
            boot_entry(variables, options)
        assert ctl("promote", "--slot", "b", env=env)[1] == ""
        assert "warnings" not in json_of("promote", "--slot", "b", env=env)
    boot_entry(variables, "cores=1 slot=a verbose")
    for args in (("promote", "--slot", "b"), ("rollback", "--dry-run"), ("rollback",)):
        out, err = ctl(*args, env=env)
        assert "slot " in out
        assert err.startswith("fastbootctl: warning: ") and "Boot0003" in err and "slot=a" in err
        assert err.endswith("fastbootctl install --options 'cores=1 verbose'\n")
        assert len(err.splitlines()) == 1
    answer = json_of("rollback", env=env)
    warning, = answer["warnings"]
    assert answer["written"] and "Boot0003" in warning


def test_the_last_rank(partition):
    path = partition()
    put_image(path, 0, 5)
    put_image(path, 1, 6, "", "--rank", (1 << 64) - 1)
    before = path.read_bytes()
    refused("slot-field", "rollback", path)
    refused("slot-field", "optimise", "--yes", path)
    assert path.read_bytes() == before
    assert listed(path)["slots"][1]["rank"] == (1 << 64) - 1
