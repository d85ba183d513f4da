# SPDX-License-Identifier: GPL-2.0-or-later
"""The proofs of disks: in simulate, in verify, and in mark-good."""
import shutil
import subprocess

import pytest

from machine import DATA, DATA_AT, OTHER, change_file, remove_file
from tool import attempts_of, ctl, json_of, refused


def shrink(machine):
    with open(machine.path("dev/vdb"), "r+b") as file:
        file.truncate(DATA_AT - 1024)


def clone(machine):
    machine.add_disk("vdc", "5f0a1d0e-6b7c-4a60-9d1c-6a9f6a2d3000", DATA)


def rename_partition(machine):
    subprocess.run(["/usr/sbin/sfdisk", "--quiet", "--part-label", machine.path("dev/vdb"), "1",
                    "renamed"], check=True)


DISKS = {
    "changed": (change_file("dev/vdb", DATA_AT + 1500), "fs-changed", [1], None),
    "elsewhere": (change_file("dev/vdb", DATA_AT + 5000), None, [], None),
    "gone": (remove_file("dev/vdb"), "disk-missing", [0, 1], "not found"),
    "twice": (clone, "disk-missing", [0, 1], "is there twice"),
    "renamed": (rename_partition, "partition-table", [0], None),
    "first-disk": (change_file("dev/vda", DATA_AT + 1024), "fs-changed", [2], None),
}


@pytest.mark.parametrize("name", DISKS)
def test_disks(machine, name):
    change, code, refused_proofs, why = DISKS[name]
    change(machine)
    text, err, answer = machine.verify("--proofs", status=1 if code else 0)
    slot = answer["slots"][0]
    assert slot["good"] is True and slot["proofs_compared"] is True
    assert "slot A: good" in text
    assert [i for i, row in enumerate(slot["proofs"]) if row["status"] != "ok"] == refused_proofs
    assert {row["why"] for row in slot["proofs"] if row["status"] != "ok"} <= {why}
    if not code:
        machine.simulate()
        return
    assert answer["error"]["code"] == code and f"fastbootctl: {code}: " in err
    verdict = machine.refuses(code)
    assert verdict["index"] == refused_proofs[0] and verdict["field"] == why
    assert verdict["partition"] == (OTHER if name == "first-disk" else DATA)


def test_disk_cut_short(machine):
    shrink(machine)
    _, _, answer = machine.verify("--proofs", status=1)
    assert {row["status"] for row in answer["slots"][0]["proofs"]} >= {"disk-missing", "ok"}
    machine.refuses("disk-missing")


def test_writable_mounts_are_reported(machine):
    change_file("dev/vdb", DATA_AT + 1500)(machine)
    text, _, answer = machine.verify("--proofs", status=1)
    assert "/data" not in text
    assert {row["mounted_read_write"] for row in answer["slots"][0]["proofs"]} == {None}
    machine.mounts("/dev/vda1 / ext4 ro 0 0\n/dev/vdb1 /my\\040data ext4 rw,relatime 0 0\n")
    text, _, answer = machine.verify("--proofs", status=1)
    assert "/my data" in text
    assert [row["mounted_read_write"] for row in answer["slots"][0]["proofs"]] == [
        None, "/my data", None]


def test_images_in_files(machine):
    """An image in a file mostly comes from another machine."""
    machine.path("dev/vdb").unlink()
    for options, word in (((), "in a file"), (("--no-proofs",), "--no-proofs")):
        text, _, answer = machine.verify(*options)
        assert word in text
        assert answer["slots"][0]["proofs_compared"] is False and "proofs" not in answer["slots"][0]
    machine.verify("--proofs", status=1)


def test_proofs_of_a_consumed_image_are_not_compared(machine):
    change_file("dev/vdb", DATA_AT + 1500)(machine)
    machine.take_image(0, 1, ("--once", "--restores", "1", "--consumed"))
    change_file("dev/vdb", DATA_AT + 1500)(machine)
    _, _, answer = machine.verify("--proofs")
    assert answer["slots"][0]["proofs_compared"] is False
    assert answer["slots"][0]["usable"] == "slot-consumed"


# mark-good of the running image

def attempts(machine):
    return attempts_of(machine.image)[1]


@pytest.fixture
def restored(machine):
    machine.take_image(0, 1, ("--attempts", "1"))
    machine.write("sys/power/fastboot_snapshot", "restored generation=1 restores=1\n")
    return machine


def test_good_with_its_disks(restored):
    restored.write("dev/vdb", restored.path("dev/vdb").read_bytes()[:-1] + b"\1")
    assert json_of("mark-good", restored.image, env=restored.env)["written"] is True
    assert attempts(restored) == 0


def disk_gone(machine):
    shutil.rmtree(machine.path("sys/class/block/vdb"))


def disk_cut_short(machine):
    with open(machine.path("dev/vdb"), "r+b") as file:
        file.truncate(DATA_AT + 1024)


@pytest.mark.parametrize("harm", [disk_gone, disk_cut_short])
def test_not_good_without_its_disks(restored, harm):
    """A program that uses only cached data does not notice."""
    harm(restored)
    err = refused("disk-missing", "mark-good", restored.image, env=restored.env)
    assert DATA in err
    assert attempts(restored) == 1
    ctl("mark-good", "--slot", "a", restored.image, env=restored.env)  # the slot is named: no check
    assert attempts(restored) == 0
