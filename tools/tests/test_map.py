# SPDX-License-Identifier: GPL-2.0-or-later
"""Areas that are no partitions: logical volumes, inside LUKS as well, and what has no map."""
import struct

import pytest

from machine import digest
from stack import GUIDS, HEADER, MAP, PARTITION_SIZE, VOLUME, Stack, linear, partition_bytes
from tool import (
    BLOCK, MIB, SIZE, SWAP_MIN, boot_entry, changed_bytes, ctl, is_empty, json_of, put_image,
    refused)

IMAGE_PARTITION = 2


@pytest.fixture
def stack(tmp_path):
    return Stack(tmp_path / "root")


@pytest.fixture
def prepared(stack):
    ctl("prepare", "--yes", stack.volume, env=stack.env)
    return stack


def put(stack, tmp_path, slot=0, generation=1, *options):
    """Puts an image into the volume's area, as the module does: into the pieces."""
    flat = stack.gather(tmp_path / "flat")
    regions = put_image(flat, slot, generation, "", *options)
    stack.scatter(flat)
    return regions


def test_prepare_a_volume(stack):
    out, _ = ctl("prepare", "--yes", stack.volume, env=stack.env)
    assert "fastbootctl install" in out
    seen = json_of("inspect", stack.volume, env=stack.env)
    assert seen["partition_size"] == SIZE and seen["area"]["map"] == MAP
    assert seen["area"]["offset"] == SWAP_MIN and seen["area"]["slots"] == 2
    out, _ = ctl("inspect", stack.volume, env=stack.env)
    assert all(f"at byte {row['offset']} of partition {row['partition']}" in out for row in MAP)


def test_prepare_writes_the_area_to_the_pieces_and_the_swap_header_to_the_volume(stack):
    for part in stack.partitions:
        part.write_bytes(b"\xa5" * PARTITION_SIZE)
    stack.volume.write_bytes(bytes(SIZE))
    ctl("prepare", "--yes", stack.volume, env=stack.env)
    upper = stack.volume.read_bytes()
    assert upper[BLOCK - 10:BLOCK] == b"SWAPSPACE2" and is_empty(upper[BLOCK:])
    assert struct.unpack_from("<I", upper, 1028)[0] == SWAP_MIN // BLOCK - 1
    changed = {(part, at // BLOCK) for part, path in enumerate(stack.partitions)
               for at in changed_bytes(b"\xa5" * PARTITION_SIZE, path.read_bytes())}
    slot_b = SWAP_MIN + (SIZE - SWAP_MIN - BLOCK) // 2 // BLOCK * BLOCK
    in_b = MIB + slot_b - 3 * MIB  # in the second piece
    assert changed == {
        (0, (2 * MIB + SWAP_MIN) // BLOCK), (0, (2 * MIB + SWAP_MIN) // BLOCK + 1),
        (1, in_b // BLOCK), (1, in_b // BLOCK + 1), (0, 7 * MIB // BLOCK - 1)}


def test_prepare_in_luks_warns_and_writes_past_it(stack, tmp_path):
    pieces = stack.encrypt()
    stack.volume.write_bytes(bytes(5 * MIB))
    _, err = ctl("prepare", "--yes", stack.volume, env=stack.env)
    assert "seal=always" in err
    upper = stack.volume.read_bytes()
    assert upper[BLOCK - 10:BLOCK] == b"SWAPSPACE2" and is_empty(upper[BLOCK:])
    assert is_empty((stack.root / "dev/dm-1").read_bytes())
    assert json_of("inspect", stack.volume, env=stack.env)["area"]["map"] == [
        {"partition": GUIDS[part], "offset": offset, "size": size}
        for part, offset, size in pieces]
    assert json_of("prepare", "--dry-run", stack.volume, env=stack.env)["encrypted"] is True
    put_image(stack.gather(tmp_path / "flat", pieces), 0, 5, "", "--sealed", "open")
    stack.scatter(tmp_path / "flat", pieces)
    assert "sealed (open)" in ctl("verify", "--no-proofs", stack.volume, env=stack.env)[0]


def test_segments_that_follow_each_other_are_one_piece(stack):
    stack.table("dm-0", linear([(0, MIB, 3 * MIB), (0, 4 * MIB, 2 * MIB), (1, 0, 3 * MIB)]))
    ctl("prepare", "--yes", stack.volume, env=stack.env)
    assert [(row["offset"], row["size"])
            for row in json_of("inspect", stack.volume, env=stack.env)["area"]["map"]] == [
                (MIB, 5 * MIB), (0, 3 * MIB)]


def test_verbs_on_a_volume(prepared, tmp_path):
    put(prepared, tmp_path, 0, 3, "--attempts", "2")
    put(prepared, tmp_path, 1, 4)
    env = prepared.env

    def slots():
        return json_of("list", prepared.volume, env=env)["slots"]

    def generations():
        return [slot.get("generation") for slot in slots()]

    assert generations() == [3, 4] and slots()[1]["restored_next"]
    ctl("promote", "--slot", "a", prepared.volume, env=env)
    assert slots()[0]["restored_next"]
    ctl("describe", "--slot", "a", "--text", "mine", prepared.volume, env=env)
    assert slots()[0]["description"] == "mine"
    ctl("mark-good", "--slot", "a", prepared.volume, env=env)
    assert slots()[0]["attempts"] == 0
    ctl("verify", "--no-proofs", prepared.volume, env=env)
    ctl("optimise", "--yes", "--slot", "a", prepared.volume, env=env)
    assert generations()[0] == 3 and generations()[1] > 4
    ctl("verify", "--no-proofs", prepared.volume, env=env)
    ctl("invalidate", "--yes", prepared.volume, env=env)
    assert generations() == [None, None]
    assert is_empty(prepared.volume.read_bytes()[BLOCK:])


def test_find_a_volume(prepared, tmp_path):
    put(prepared, tmp_path, 1, 7)
    seen = json_of("list", env=prepared.env)
    assert seen["device"] == f"{prepared.root}/dev/mapper/vg-swap"
    assert seen["slots"][1]["generation"] == 7
    status = json_of("status", env=prepared.env)["images"]
    assert status["place"] == f"area={HEADER}"
    out, _ = ctl("status", env=prepared.env)
    assert HEADER.replace("+", " ").split()[1] in out and GUIDS[0] in out


def test_a_header_at_the_end_of_a_partition_is_not_the_partitions(stack):
    """The volume ends where vda2 ends; then it is all of vda2, and of the same size."""
    stack.resize(6 * MIB)
    stack.table("dm-0", linear([(0, 0, 2 * MIB), (1, 4 * MIB, 4 * MIB)]))
    ctl("prepare", "--yes", stack.volume, env=stack.env)
    assert json_of("inspect", env=stack.env)["device"].endswith("vg-swap")
    refused("area-bounds", "inspect", stack.partitions[1], env=stack.env)
    stack.resize(8 * MIB)
    stack.table("dm-0", linear([(1, 0, 8 * MIB)]))
    ctl("prepare", "--yes", stack.volume, env=stack.env)
    assert json_of("inspect", env=stack.env)["device"].endswith("vg-swap")
    refused("area-moved", "inspect", stack.partitions[1], env=stack.env)


@pytest.mark.parametrize("operand", [True, False])
def test_a_volume_that_was_moved(prepared, operand):
    """Its bytes went along, as with pvmove: the header is there, and names the old place."""
    last = prepared.partitions[0].read_bytes()[6 * MIB:7 * MIB]
    with open(prepared.partitions[1], "r+b") as file:
        file.seek(6 * MIB)
        file.write(last)
    prepared.table("dm-0", linear([*VOLUME[:2], (1, 6 * MIB, MIB)]))
    line = refused("area-moved", "inspect", *([prepared.volume] if operand else []),
                   env=prepared.env)
    assert "fastbootctl prepare" in line
    ctl("prepare", "--yes", prepared.volume, env=prepared.env)
    assert json_of("inspect", env=prepared.env)["area"]["map"][2]["partition"] == GUIDS[1]


def test_a_volume_that_is_moved_while_it_is_prepared(stack, tmp_path):
    """By the program that prepare runs before it writes."""
    new = tmp_path / "table"
    new.write_text(linear([*VOLUME[:2], (1, 6 * MIB, MIB)]))
    mkswap = tmp_path / "bin/mkswap"
    mkswap.parent.mkdir()
    mkswap.write_text(f'#!/bin/sh\ncp {new} {stack.root}/sys/devices/dm-0/dm/table\n'
                      'exec /usr/sbin/mkswap "$@"\n')
    mkswap.chmod(0o755)
    refused("area-moved", "prepare", "--yes", stack.volume,
            env={**stack.env, "PATH": f"{mkswap.parent}:/usr/bin:/bin"})
    assert all(is_empty(path.read_bytes()) for path in (stack.volume, *stack.partitions))


def test_an_area_without_a_map_on_a_volume_was_moved(stack, partition):
    """As after dd of a partition into a volume: the loader would look for a partition."""
    stack.scatter(partition())
    refused("area-moved", "inspect", stack.volume, env=stack.env)


@pytest.mark.parametrize("table, why", [
    (f"0 {SIZE // 512} striped 2 128 254:1 0 254:2 0\n", "striped"),
    (f"0 {SIZE // 512} thin 253:9 1\n", "thin"),
    (f"0 {SIZE // 512} linear 254:0 0\n", "vda, which is no GPT partition"),
    (f"0 {SIZE // 512} linear 9:0 0\n", "9:0, which is no GPT partition"),
    (f"0 {SIZE // 512} linear 254:1 8\n", "beyond its end"),
    (f"0 {SIZE // 512 - 8} linear 254:1 8\n", "without a place"),
    (f"0 4 linear 254:1 8\n4 {SIZE // 512 - 4} linear 254:2 0\n", "4 KiB"),
    (f"0 {SIZE // 512} linear 253:0 0\n", "layers"),
])
def test_what_has_no_map(stack, table, why):
    stack.table("dm-0", table)
    line = refused("not-mappable", "prepare", "--yes", stack.volume, env=stack.env)
    assert why in line
    assert all(is_empty(path.read_bytes()) for path in (stack.volume, *stack.partitions))
    refused("area-missing", "inspect", env=stack.env)


def test_a_table_that_cannot_be_read(stack):
    stack.table("dm-0", "0 8 linear somewhere 0\n")
    refused("open-failed", "prepare", "--yes", stack.volume, env=stack.env, status=3)


def test_a_guid_that_is_there_twice(stack):
    (stack.root / "dev/vdb").write_bytes((stack.root / "dev/vda").read_bytes())
    stack.write("sys/devices/vdb/size", f"{24 * MIB // 512}\n")
    stack.write("sys/devices/vdb/device/vendor", "")
    (stack.root / "sys/class/block/vdb").symlink_to("../../devices/vdb")
    assert "another partition" in refused("not-mappable", "prepare", "--yes", stack.volume,
                                          env=stack.env)


def test_most_pieces(stack):
    def pieces(nr):
        """Alternating; the last takes what is left."""
        size = SIZE // 128
        parts = [(i % 2, i // 2 * 2 * size, size) for i in range(nr - 1)]
        return [*parts, ((nr - 1) % 2, nr // 2 * 2 * size, SIZE - (nr - 1) * size)]

    stack.table("dm-0", linear(pieces(65)))
    assert "65" in refused("too-fragmented", "prepare", "--yes", stack.volume, env=stack.env)
    sizes = [(i % 2, (i // 2) * SIZE // 32, SIZE // 64) for i in range(64)]
    stack.table("dm-0", linear(sizes))
    ctl("prepare", "--yes", stack.volume, env=stack.env)
    assert len(json_of("inspect", env=stack.env)["area"]["map"]) == 64


def test_proofs_of_an_area_on_a_volume(prepared, tmp_path):
    """verify reads them by partition; that of the image's own place is no exception."""
    first = prepared.partitions[0].read_bytes()[2 * MIB:2 * MIB + BLOCK]
    put(prepared, tmp_path, 0, 3, "--proof",
        f"{partition_bytes(GUIDS[0])}:{IMAGE_PARTITION}:0:{2 * MIB}:{BLOCK}:{digest(first)}")
    prepared.fill_disk()
    proofs = json_of("verify", env=prepared.env)["slots"][0]["proofs"]
    assert [(row["partition"], row["status"]) for row in proofs] == [(GUIDS[0], "ok")]
    with open(prepared.root / "dev/vda", "r+b") as file:
        file.seek(MIB + 2 * MIB)
        file.write(b"another swap header")
    refused("image-partition", "verify", env=prepared.env)


def simulated(stack, tmp_path, options):
    variables = tmp_path / "efivars"
    variables.mkdir(exist_ok=True)
    boot_entry(variables, options)
    return json_of("simulate", "--memmap", tmp_path / "none", env={
        **stack.env, "EFIVARFS_PATH": f"{variables}/"}, status=1)["error"]["code"]


def test_simulate_looks_where_the_boot_entry_says(prepared, tmp_path):
    """Without an image, the loader gets as far as the slots, or does not find the area."""
    put(prepared, tmp_path, 0, 3, "--consumed", "--once")
    assert simulated(prepared, tmp_path, f"quiet area={HEADER}") == "slot-consumed"
    assert simulated(prepared, tmp_path, "quiet") == "area-missing"
    assert simulated(prepared, tmp_path, f"area={GUIDS[0]}+4096") == "area-missing"
    assert simulated(prepared, tmp_path, f"area={HEADER.upper()}") == "slot-consumed"


def test_candidates(stack, tmp_path):
    """In the order of preference, with what to type; nothing is written."""
    def mkswap(path, active=False):
        with open(path, "r+b") as file:
            file.seek(BLOCK - 10)
            file.write(b"SWAPSPACE2")
        if active:
            stack.write("proc/swaps", f"Filename Type Size Used Priority\n{path} x 1 0 -2\n")

    assert json_of("prepare", env=stack.env) == {"candidates": []}
    assert "no swap space" in ctl("prepare", env=stack.env)[0]
    mkswap(stack.volume, active=True)
    mkswap(stack.partitions[1])
    before = [path.read_bytes() for path in (*stack.partitions, stack.volume)]
    partition, volume = json_of("prepare", env=stack.env)["candidates"]
    assert partition == {
        "device": str(stack.partitions[1]), "size": PARTITION_SIZE, "kind": "swap partition",
        "active": False, "encrypted": False, "why": None,
        "commands": [f"fastbootctl prepare {stack.partitions[1]}", "fastbootctl install"]}
    path = f"{stack.root}/dev/mapper/vg-swap"
    assert volume["device"] == path and volume["kind"] == "logical volume"
    assert volume["commands"] == [f"swapoff {path}", f"fastbootctl prepare {path}",
                                  "fastbootctl install"]
    out, _ = ctl("prepare", env=stack.env)
    assert f"swapoff {path}\n" in out and "in use as swap space" in out
    stack.table("dm-0", f"0 {SIZE // 512} thin 253:9 1\n")
    unusable = json_of("prepare", env=stack.env)["candidates"][1]
    assert unusable["kind"] == "not usable" and "thin" in unusable["why"]
    assert "not-mappable: " in ctl("prepare", env=stack.env)[0]
    assert before == [path.read_bytes() for path in (*stack.partitions, stack.volume)]
    stack.encrypt()
    inside = json_of("prepare", env=stack.env)["candidates"][1]
    assert inside["kind"] == "inside LUKS"
    assert inside["commands"][-1] == "fastbootctl install --options seal=always"
