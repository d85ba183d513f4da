# SPDX-License-Identifier: GPL-2.0-or-later
"""fastbootctl prepare: what it writes, keeps, spares and refuses."""
import os
import struct
import subprocess

import pytest

from tool import (
    BLOCK, MIB, SIZE, SWAP_MIN, area_of, ctl, flip, is_empty, json_of, put_image, refused)


@pytest.mark.parametrize("size", [
    2 * MIB + SWAP_MIN + BLOCK, 2 * MIB + SWAP_MIN + BLOCK + 1, 3 * MIB, 5 * MIB + 512,
    16 * MIB, 16 * MIB + 4095, 1 << 30, (1 << 30) + 123456, 5 << 30, 1 << 40, 7 << 40,
])
def test_prepare_many_sizes(partition, size):
    path = partition(size)
    area = area_of(path)
    assert area["slots"] == 2
    assert area["offset"] == SWAP_MIN
    assert area["offset"] + area["size"] == size // BLOCK * BLOCK
    assert path.stat().st_size == size
    ctl("verify", path)


@pytest.mark.parametrize("swap", ["0", "1", "41K", "1M", "1025K", "7M"])
def test_prepare_swap_area_ends_where_images_begin(partition, swap):
    path = partition(16 * MIB, options=("--swap-size", swap))
    page = path.read_bytes()[:BLOCK]
    version, last_page = struct.unpack_from("<II", page, 1024)
    assert page[-10:] == b"SWAPSPACE2" and version == 1
    assert (last_page + 1) * BLOCK == area_of(path)["offset"]
    assert area_of(path)["offset"] >= SWAP_MIN


def test_prepare_slots(partition):
    assert area_of(partition(options=("--slots", "1")))["slots"] == 1
    assert area_of(partition(options=("--slots", "2")))["slots"] == 2


def test_prepare_where_only_one_slot_fits(partition):
    path = partition(2 * MIB, prepare=False)
    assert [slot["slot"] for slot in json_of("prepare", "--dry-run", path)["slots"]] == ["a"]
    assert "overwrites" in ctl("prepare", "--yes", path)[0]
    assert area_of(path)["slots"] == 1
    refused("too-small", "prepare", "--yes", "--slots", 2, path)


def test_prepare_warns_about_a_single_slot(partition):
    path = partition(prepare=False)
    for slots, warned in ((1, True), (2, False)):
        out, _ = ctl("prepare", "--dry-run", "--slots", slots, path)
        assert ("overwrites" in out and "interrupted" in out) == warned
        assert ("overwrites" in out or "interrupted" in out) == warned


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 512 * 1024, MIB, MIB + SWAP_MIN])
def test_prepare_too_small(partition, size):
    path = partition(size, prepare=False)
    refused("too-small", "prepare", "--yes", path)
    assert is_empty(path.read_bytes())


@pytest.mark.parametrize("swap", ["15M", "16M", "1G", "20T", "16777215T"])
def test_prepare_swap_too_large(partition, swap):
    path = partition(16 * MIB, prepare=False)
    refused("too-small", "prepare", "--yes", "--swap-size", swap, path)
    assert is_empty(path.read_bytes())


def test_prepare_writes_only_what_it_must(partition):
    path = partition(prepare=False)
    path.write_bytes(b"\xa5" * SIZE)
    ctl("prepare", "--yes", path)
    data = path.read_bytes()
    changed = {at // BLOCK for at in range(0, len(data), BLOCK)
               if data[at:at + BLOCK] != b"\xa5" * BLOCK}
    slot_b = SWAP_MIN // BLOCK + (SIZE - SWAP_MIN - BLOCK) // 2 // BLOCK
    assert changed == {0, 10, 11, slot_b, slot_b + 1, SIZE // BLOCK - 1}


def test_prepare_cannot_ask_without_a_terminal(partition):
    path = partition(prepare=False)
    refused("not-confirmed", "prepare", path)
    assert is_empty(path.read_bytes())


def test_prepare_in_text(partition):
    path = partition(prepare=False)
    out, _ = ctl("prepare", "--dry-run", path)
    assert "slot A" in out and "slot B" in out and "swap area" in out
    assert is_empty(path.read_bytes())
    ctl("prepare", "--yes", path)
    put_image(path, 0, 41, "with \033 café")
    out, _ = ctl("prepare", "--dry-run", path)
    assert "slot A, generation 41" in out and "with ? café" in out


def test_prepare_keeps_the_identity_of_the_swap_area(partition):
    def identity(path):
        page = path.read_bytes()[:BLOCK]
        return page[1036:1052], page[1052:1068].rstrip(b"\0")

    path = partition(options=("--label", "first"))
    uuid, label = identity(path)
    assert label == b"first"
    ctl("prepare", "--yes", "--swap-size", "2M", path)
    assert identity(path) == (uuid, b"first")
    ctl("prepare", "--yes", "--label", "second", path)
    assert identity(path) == (uuid, b"second")


def test_prepare_again_reports_images_and_erases_them(partition):
    path = partition()
    put_image(path, 0, 41, "with \033 café")
    before = area_of(path)["uuid"]
    flip(path, put_image(path, 1, 42)["slot-header"][0])
    assert json_of("prepare", "--dry-run", path)["lost"] == [
        {"slot": "a", "status": "ok", "generation": 41, "description": "with ? café"},
        {"slot": "b", "status": "slot-magic"}]
    ctl("prepare", "--yes", path)
    assert area_of(path)["uuid"] != before
    assert [slot["status"] for slot in json_of("verify", path)["slots"]] == ["slot-empty"] * 2


@pytest.mark.parametrize("force", [False, True])
def test_prepare_spares_a_file_system(partition, force):
    path = partition(prepare=False)
    subprocess.run(["mkfs.ext4", "-q", "-L", "precious", str(path)], check=True,
                   env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})
    before = path.read_bytes()
    if force:
        assert "ext4 precious" in ctl("prepare", "--dry-run", "--force", path)[0]
        assert json_of("prepare", "--yes", "--force", path)["lost"] == [{"content": "ext4"}]
        ctl("prepare", "--yes", path)
        return
    line = refused("foreign-content", "prepare", "--yes", path)
    assert "ext4" in line and "--force" in line
    assert path.read_bytes() == before


def test_prepare_spares_a_hibernated_system(partition):
    path = partition()
    with open(path, "r+b") as file:
        file.seek(BLOCK - 10)
        file.write(b"S1SUSPEND\0")
    assert "hibernated" in refused("foreign-content", "prepare", "--yes", path)


@pytest.mark.parametrize("options", [(), ("--force",)])
def test_prepare_refuses_a_disk_with_partitions(partition, options):
    path = partition(prepare=False)
    subprocess.run(["sfdisk", "-q", str(path)], input="label: gpt\n,1M\n", text=True, check=True,
                   env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})
    refused("has-partitions", "prepare", "--yes", path, *options)


def test_prepare_refuses_a_disk_with_partitions_that_once_was_swap(partition):
    path = partition()
    subprocess.run(["sfdisk", "-q", "--wipe", "never", str(path)], input="label: dos\n,1M\n",
                   text=True, check=True,
                   env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})
    assert path.read_bytes()[BLOCK - 10:BLOCK] == b"SWAPSPACE2"
    refused("has-partitions", "prepare", "--yes", path)


def test_prepare_refuses_anything_but_a_partition(tmp_path):
    refused("not-a-partition", "prepare", "--yes", tmp_path)
    refused("not-a-partition", "prepare", "--yes", "/dev/null")
    refused("open-failed", "prepare", "--yes", tmp_path / "nothing", status=3)


def test_prepare_needs_mkswap(partition, tmp_path):
    tools = tmp_path / "bin"
    tools.mkdir()
    mkswap = tools / "mkswap"
    mkswap.write_text("#!/bin/sh\necho no swap today >&2\nexit 9\n")
    mkswap.chmod(0o755)
    path = partition(prepare=False)
    env = {"PATH": str(tools)}
    assert " 9" in refused("mkswap-failed", "prepare", "--yes", path, status=3, env=env)
    assert "no swap today" in ctl("prepare", "--yes", path, status=3, env=env)[1]
    mkswap.write_text("#!/bin/sh\nexit 0\n")
    refused("mkswap-failed", "prepare", "--yes", path, status=3, env=env)
    assert is_empty(path.read_bytes())


def test_json_of_prepare(partition):
    path = partition(prepare=False)
    plan = json_of("prepare", "--dry-run", path)
    assert plan == {
        "device": str(path), "partition_size": SIZE, "written": False, "lost": [],
        "encrypted": False, "map": [],
        "swap_bytes": SWAP_MIN,
        "slots": [{"slot": slot, "offset": plan["slots"][i]["offset"],
                   "size": plan["slots"][i]["size"]} for i, slot in enumerate("ab")]}
    assert json_of("prepare", path, status=1)["error"]["code"] == "not-confirmed"
    assert is_empty(path.read_bytes())
    assert json_of("prepare", "--yes", path) == {
        **plan, "module_target": None, "written": True}
    put_image(path, 1, 3, "mine")
    assert json_of("prepare", "--dry-run", path)["lost"] == [
        {"slot": "b", "status": "ok", "generation": 3, "description": "mine"}]
    assert json_of("prepare", "--dry-run", "--slots", 3, path, status=2)["error"]["code"] == "usage"
