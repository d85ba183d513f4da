# SPDX-License-Identifier: GPL-2.0-or-later
"""How fastbootctl finds the partition when no operand names it."""
from tool import MIB, SIZE, ctl, env_of, flip, json_of, listed, put_image, refused


def test_find(host, tmp_path):
    root, add = host
    assert json_of("verify", env=env_of(host))["device"] == f"{root}/dev/vda2"
    second = tmp_path / "second"
    second.write_bytes((tmp_path / "partition").read_bytes())
    add("vdb1", second)
    line = refused("area-ambiguous", "verify", env=env_of(host))
    assert "vda2" in line and "vdb1" in line


def test_find_nothing(host, tmp_path):
    flip(tmp_path / "partition", SIZE - 100)
    assert "vda2" in refused("area-checksum", "inspect", env=env_of(host))
    (tmp_path / "partition").write_bytes(bytes(MIB))
    refused("area-missing", "inspect", env=env_of(host))
    refused("open-failed", "inspect", status=3, env={"FASTBOOTCTL_ROOT": str(tmp_path / "none")})


def test_a_new_verb_finds_the_area(host, tmp_path):
    put_image(tmp_path / "partition", 0, 3)
    put_image(tmp_path / "partition", 1, 4)
    ctl("rollback", env=env_of(host))
    assert [slot["restored_next"] for slot in listed(env=env_of(host))["slots"]] == [True, False]
