# SPDX-License-Identifier: GPL-2.0-or-later
"""fastbootctl as its user sees it: output, exit status, and the bytes it leaves.

Works on sparse files, without root and without a device.
"""
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import time

import pytest

FASTBOOTCTL = os.environ["FASTBOOTCTL"]
sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "qemu-tests/decoder"))
import fbimage  # noqa: E402  the independent decoder
from served import Program  # noqa: E402

SERVED = Program(FASTBOOTCTL)
MKIMAGE = Program(os.environ["MKIMAGE"])

MIB = 1 << 20
SIZE = 8 * MIB  # for two slots of which each has room for mkimage's image
BLOCK = 4096
SWAP_MIN = 10 * BLOCK


def ctl(*args, status=0, env=None):
    """Runs fastbootctl and checks its exit status; returns (stdout, stderr)."""
    if env and "EFIVARFS_PATH" in env:  # libefivar looks at it before main
        done = subprocess.run([FASTBOOTCTL, *map(str, args)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60,
                              env={**os.environ, **env})
    else:
        done = SERVED.run(args, env)
    assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
    assert done.returncode == status, (args, done.returncode, done.stdout, done.stderr)
    return done.stdout, done.stderr


def refused(code, *args, status=1, env=None):
    """The one line of a refusal, whose code must be `code`."""
    _, err = ctl(*args, status=status, env=env)
    lines = [line for line in err.splitlines() if "warning" not in line]
    assert lines and lines[-1].startswith(f"fastbootctl: {code}: "), err
    assert "; " in lines[-1], "no advice"
    return lines[-1]


def sparse(path, size):
    with open(path, "wb") as file:
        file.truncate(size)
    return path


def copy(source, path):
    """As cp, without a process, and with the holes of the source."""
    with open(source, "rb") as old, open(path, "wb") as new:
        size, at = os.fstat(old.fileno()).st_size, 0
        new.truncate(size)
        while at < size:
            try:
                at = os.lseek(old.fileno(), at, os.SEEK_DATA)
            except OSError:  # nothing but a hole
                break
            end = os.lseek(old.fileno(), at, os.SEEK_HOLE)
            while at < end:
                at += os.copy_file_range(old.fileno(), new.fileno(), end - at, at, at)
    return path


def prepared(directory):
    """A partition that was prepared once, for the many tests that begin with such a one."""
    path = directory / "prepared"
    if not path.exists():
        ctl("prepare", "--yes", sparse(directory / "preparing", SIZE))
        (directory / "preparing").rename(path)
    return path


@pytest.fixture
def partition(tmp_path, tmp_path_factory):
    def make(size=SIZE, prepare=True, options=()):
        path = tmp_path / "partition"
        if prepare and size == SIZE and not options:
            return copy(prepared(tmp_path_factory.getbasetemp()), path)
        sparse(path, size)
        if prepare:
            ctl("prepare", "--yes", path, *options)
        return path
    return make


def is_empty(data):
    """Nothing but zeros."""
    return not any(data[at:at + MIB].strip(b"\0") for at in range(0, len(data), MIB))


def put_image(path, slot=0, generation=1, description="", *options):
    """Puts a sample image into a slot; returns its regions, name -> (offset, size)."""
    done = MKIMAGE.run([*options, path, slot, generation, description])
    assert done.returncode == 0, done.stderr
    rows = (line.split() for line in done.stdout.splitlines())
    return {name: (int(offset), int(size)) for name, offset, size in rows}


def flip(path, offset, bit=0):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1 << bit]))


def area_of(path):
    return json.loads(ctl("inspect", "--json", path)[0])["area"]


# prepare

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


def test_prepare_says_when_only_one_slot_fits(partition):
    path = partition(2 * MIB, prepare=False)
    out, _ = ctl("prepare", "--yes", path)
    assert "Only one slot fits: a new image overwrites the old one" in out
    assert area_of(path)["slots"] == 1
    refused("too-small", "prepare", "--yes", "--slots", 2, path)


def test_prepare_says_what_one_slot_means(partition):
    path = partition(prepare=False)
    out, _ = ctl("prepare", "--dry-run", "--slots", 1, path)
    assert "Only one slot: a new image overwrites the old one" in out
    assert "interrupted there is none" in out
    assert "Only one" not in ctl("prepare", "--dry-run", path)[0]


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


def test_prepare_asks_nobody_without_a_terminal(partition):
    path = partition(prepare=False)
    refused("not-confirmed", "prepare", path)
    assert is_empty(path.read_bytes())


def test_prepare_dry_run(partition):
    path = partition(prepare=False)
    out, _ = ctl("prepare", "--dry-run", path)
    assert "slot A" in out and "slot B" in out and "swap area" in out
    assert is_empty(path.read_bytes())


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


def test_prepare_again_tells_of_images_and_ends_them(partition):
    path = partition()
    put_image(path, 0, 41, "with \033 café")
    put_image(path, 1, 42)
    flip(path, area_of(path)["offset"] + area_of(path)["size"] // 2 // BLOCK * BLOCK)
    before = area_of(path)["uuid"]
    out, _ = ctl("prepare", "--dry-run", path)
    assert "slot A, generation 41" in out and "with ? café" in out
    assert "slot B" in out
    ctl("prepare", "--yes", path)
    assert area_of(path)["uuid"] != before
    out, _ = ctl("verify", path)
    assert out.count("empty") == 2



@pytest.mark.parametrize("force", [False, True])
def test_prepare_spares_a_file_system(partition, force):
    path = partition(prepare=False)
    subprocess.run(["mkfs.ext4", "-q", "-L", "precious", str(path)], check=True,
                   env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})
    before = path.read_bytes()
    if force:
        out, _ = ctl("prepare", "--yes", "--force", path)
        assert "ext4 precious" in out
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


def test_help_is_an_option_too(partition):
    path = partition(prepare=False)
    out, _ = ctl("prepare", path, "--yes", "--help")
    assert out == ctl("help", "prepare")[0]
    assert is_empty(path.read_bytes())


def test_prepare_refuses_what_is_no_partition(tmp_path):
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
    _, err = ctl("prepare", "--yes", path, status=3, env=env)
    assert "no swap today" in err and "mkswap-failed" in err and "status 9" in err
    mkswap.write_text("#!/bin/sh\nexit 0\n")
    refused("mkswap-failed", "prepare", "--yes", path, status=3, env=env)
    assert is_empty(path.read_bytes())


# verify

def test_verify_good(partition):
    path = partition()
    put_image(path, 1, 7)
    out, _ = ctl("verify", path)
    assert "slot A: empty" in out and "slot B: good: generation 7" in out
    ctl("verify", "--slot", "b", path)
    refused("slot-empty", "verify", "--slot", "a", path)


REGIONS = {
    # region: (code, what the line must name)
    "area-header": ("area-checksum", "area header"),
    "slot-header": ("slot-checksum", "slot header"),
    "state": ("state-damaged", "slot state"),
    "record": ("section-checksum", "restore record"),
    "fingerprint": ("section-checksum", "fingerprint"),
    "runtime-map": ("section-checksum", "EFI runtime map"),
    "aux": ("section-checksum", "auxiliary ranges"),
    "proofs": ("section-checksum", "proofs"),
    "page-index": ("section-checksum", "page index"),
    "chunk-table": ("section-checksum", "chunk table"),
    "chunk-0": ("chunk-checksum", "chunk 0"),
    "chunk-2": ("chunk-checksum", "chunk 2"),
    "chunk-4": ("chunk-checksum", "chunk 4"),
}


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("where", [0.1, 0.5, 1])
def test_verify_names_the_damaged_region(partition, region, where):
    path = partition()
    regions = put_image(path)
    offset, size = regions[region]
    code, name = REGIONS[region]
    at = offset + max(8, int(size * where)) - 1
    if region == "area-header" and where < 1:
        at = offset + 60
    flip(path, at, bit=3)
    line = refused(code, "verify", path)
    assert name in line, line
    flip(path, at, bit=3)
    ctl("verify", path)


def test_verify_magic(partition):
    path = partition()
    regions = put_image(path)
    flip(path, regions["slot-header"][0])
    refused("slot-magic", "verify", path)
    flip(path, regions["area-header"][0])
    refused("area-magic", "verify", path)


def test_verify_goes_on_behind_damage(partition):
    path = partition()
    first = put_image(path, 0, 1)
    second = put_image(path, 1, 2)
    flip(path, first["chunk-1"][0] + 100)
    flip(path, first["chunk-4"][0])
    flip(path, second["record"][0])
    out, err = ctl("verify", path, status=1)
    assert re.findall(r"slot [AB]: chunk \d+", err) == ["slot A: chunk 1", "slot A: chunk 4"]
    assert "slot B: a section is damaged (restore record" in err
    assert "slot A: 2 of 5 chunks damaged" in out
    assert "good: gen" not in out


def test_verify_sees_a_chunk_that_does_not_decode(partition):
    path = partition()
    put_image(path, 0, 1, "", "--spoil")
    assert "chunk 0" in refused("chunk-decode", "verify", path)


@pytest.mark.parametrize("state", ["none", "foreign"])
def test_verify_a_state_that_is_not_the_images_own(partition, state):
    path = partition()
    put_image(path, 0, 1, "", "--state", state)
    ctl("verify", path)
    put_image(path, 0, 1, "", "--once", "--state", state)
    line = refused("state-damaged", "verify", path)
    assert "slot A" in line and "once: take a new image" in line


def test_verify_says_what_else_forbids_a_restore(partition):
    path = partition()
    put_image(path, 0, 1, "", "--attempts", 3)
    put_image(path, 1, 2, "", "--once", "--restores", 1, "--consumed")
    out, _ = ctl("verify", path)
    assert "slot A: slot-quarantined: " in out and "slot A: good" in out
    assert "slot B: slot-consumed: " in out and "slot B: good" in out
    put_image(path, 0, 1, "", "--attempts", 2)
    put_image(path, 1, 2, "", "--once", "--restores", 0)
    out, _ = ctl("verify", path)
    assert "slot-" not in out


def test_verify_an_image_of_another_area(partition, tmp_path):
    path = partition()
    regions = put_image(path)
    saved = path.read_bytes()[SWAP_MIN:4 * MIB]
    ctl("prepare", "--yes", path)
    with open(path, "r+b") as file:
        file.seek(regions["slot-header"][0])
        file.write(saved)
    refused("slot-foreign", "verify", path)


def test_verify_a_cut_partition(partition):
    path = partition()
    put_image(path)
    os.truncate(path, SIZE * 3 // 4)
    refused("area-magic", "verify", path)
    os.truncate(path, 0)
    refused("area-magic", "verify", path)


# inspect

STATE = ("mode", "state_valid", "restores", "attempts", "consumed", "usable", "advice")
USABLE = {"mode": "golden", "state_valid": True, "restores": 7, "attempts": 0,
          "consumed": False, "usable": "ok", "advice": None}


def state_of(slot):
    return {key: slot[key] for key in STATE}


STATES = [
    # mkimage's options, what differs from USABLE, what the text shows
    (("--attempts", 1), {"attempts": 1}, "restored 7 times, 1 attempt since it was called good"),
    (("--restores", 1, "--attempts", 3), {"restores": 1, "attempts": 3,
                                          "usable": "slot-quarantined", "advice": "mark-good"},
     "restored 1 time, 3 attempts since it was called good"),
    (("--state", "none"), {"state_valid": False, "restores": 0}, "no count of its restores"),
    (("--once", "--restores", 0), {"mode": "once", "restores": 0}, "once"),
    (("--once", "--restores", 1, "--attempts", 1, "--consumed"),
     {"mode": "once", "restores": 1, "attempts": 1, "consumed": True, "usable": "slot-consumed",
      "advice": "echo once"}, "restored 1 time"),
    (("--once", "--state", "foreign"),
     {"mode": "once", "state_valid": False, "restores": 0, "usable": "state-damaged",
      "advice": "take a new image"}, "no count of its restores"),
]


@pytest.mark.parametrize("options,changed,words", STATES)
@pytest.mark.parametrize("verb", ["inspect", "status"])
def test_the_state_of_a_slot(partition, verb, options, changed, words):
    path = partition()
    put_image(path, 0, 5, "", *options)
    data = json.loads(ctl(verb, "--json", path)[0])
    state = state_of((data if verb == "inspect" else data["images"])["slots"][0])
    wanted = {**USABLE, **changed}
    assert (wanted.pop("advice") or "") in (state.pop("advice") or "")
    assert state == wanted
    out, _ = ctl(verb, path)
    assert words in out and f"generation 5, {wanted['mode']}, " in out
    if wanted["usable"] == "ok":
        assert "slot-" not in out.replace("slot-empty", "") and "state-damaged" not in out
    else:
        assert re.search(rf"^ +{wanted['usable']}: .*; .*{changed['advice']}", out, re.M), out


def test_inspect_json(partition):
    path = partition()
    put_image(path, 0, 5, "golden \033[2J\u00e9")
    data = json.loads(ctl("inspect", "--json", path)[0])
    slot, empty = data["slots"]
    assert empty == {"slot": "b", "status": "slot-empty"}
    assert slot["status"] == "ok" and slot["generation"] == 5 and slot["restores"] == 7
    assert slot["description"] == "golden ?[2J\u00e9"
    assert slot["kernel"] == "6.1.0-sample"
    assert slot["pages"] == 300 + 400 + 212 + 256 + 256 + 33
    assert slot["pages_constant"] == slot["pages_zero"] == 400
    assert slot["pages_in_constant_chunks"] == 256
    assert slot["chunks"] == {"lz4": 3, "raw": 1, "constant": 1}
    assert slot["longest_runs"][0] == {"pfn": 0x1000, "pages": 400, "constant": True}
    assert [row["pages"] for row in slot["longest_runs"]] == [400, 300, 256, 256, 212]
    assert slot["record"]["jump_address_phys"] == "0x1234000"
    assert slot["record"]["paging_levels"] == 4
    fields = {row["what"]: row["text"] for row in slot["fingerprint"]}
    assert fields["processors"] == "2"
    assert fields["PCI device 0000:00:1f.2"].startswith("8086:2922 ")
    assert slot["runtime_map"][0]["phys"] == "0x3f000000"
    assert slot["auxiliary_ranges"] == [{"pfn": 0x100000, "pages": 2, "kind": 1}]
    assert slot["proofs"] == [
        {"kind": "partition table", "partition": None, "whole_disk": True,
         "offset": 512, "size": 512, "digest": "0x1"},
        {"kind": "image partition", "partition": None, "whole_disk": False,
         "offset": 0, "size": 4096, "digest": "0x2"},
        {"kind": "ext2/3/4 superblock", "partition": "33221100-5544-7766-8899-aabbccddeeff",
         "whole_disk": False, "offset": 1024, "size": 1024, "digest": "0xfedcba9876543210"}]
    assert state_of(slot) == USABLE
    stored = slot["stored_bytes"] / (slot["pages"] * BLOCK) * 100
    assert slot["percent_of_memory"] == pytest.approx(stored, abs=0.01)


def test_inspect_text(partition):
    path = partition()
    put_image(path, 1, 9, "two")
    out, _ = ctl("inspect", path)
    for words in ("slot A: empty", "slot B: generation 9", "restored 7 times", "two",
                  "fingerprint, 5 items", "EFI runtime map, 1 regions", "longest runs",
                  "3 LZ4, 1 raw, 1 constant", "ACPI table 0, FACP", "proofs, 3",
                  "disk of the image's partition, byte 512, 512 bytes",
                  " the image's partition, byte 0, 4096 bytes",
                  " 33221100-5544-7766-8899-aabbccddeeff, byte 1024, 1024 bytes"):
        assert words in out, words
    refused("slot-empty", "inspect", "--slot", "a", path)
    assert "slot A" not in ctl("inspect", "--slot", "B", path)[0]


def test_inspect_damage(partition):
    path = partition()
    flip(path, put_image(path)["page-index"][0])
    refused("section-checksum", "inspect", path)
    out, _ = ctl("inspect", "--json", path, status=1)
    assert json.loads(out)["slots"][0] == {"slot": "a", "status": "section-checksum"}


def test_a_slot_that_is_not_there(partition):
    path = partition(options=("--slots", "1"))
    refused("usage", "inspect", "--slot", "b", path, status=2)
    refused("usage", "verify", "--slot", "b", path, status=2)
    refused("usage", "mark-good", "--slot", "b", path, status=2)
    refused("usage", "invalidate", "--yes", "--slot", "b", path, status=2)
    refused("usage", "optimise", "--yes", "--slot", "b", path, status=2)
    refused("usage", "promote", "--slot", "b", path, status=2)
    refused("usage", "describe", "--slot", "b", path, status=2)


# status, and finding the partition

@pytest.fixture
def host(tmp_path, partition):
    """A /sys and a /dev of our own: vda with two partitions, of which vda2 is prepared."""
    root = tmp_path / "root"
    block, power, dev = root / "sys/class/block", root / "sys/power/fastboot", root / "dev"
    for directory in (block, power, dev):
        directory.mkdir(parents=True)

    def add(name, content):
        (block / name).mkdir()
        (block / name / "size").write_text(f"{content.stat().st_size // 512}\n")
        (dev / name).symlink_to(content)

    disk = tmp_path / "disk"
    disk.write_bytes(bytes(MIB))
    add("vda", disk)
    add("vda1", disk)
    add("vda2", partition())
    (block / "sr0").mkdir()
    (block / "sr0/size").write_text("0\n")
    return root, add


def env_of(host):
    return {"FASTBOOTCTL_ROOT": str(host[0])}


def test_find(host, tmp_path):
    root, add = host
    out, _ = ctl("verify", env=env_of(host))
    assert out.startswith(f"{root}/dev/vda2: area header: good")
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


def test_status(host, tmp_path):
    root, _ = host
    put_image(tmp_path / "partition", 1, 12, "quiet")
    power = root / "sys/power"
    out, _ = ctl("status", env=env_of(host))
    assert "not loaded" in out
    (power / "fastboot_snapshot").write_text("saved generation=12\n")
    (power / "fastboot/target").write_text("\n")
    (power / "fastboot/last_refusal").write_text("fs-writable: a disk\n /mnt is\033 ext4\n")
    (power / "fastboot/generation").write_text("12\n")
    out, _ = ctl("status", env=env_of(host))
    assert "kernel: saved generation=12" in out
    assert "last refusal fs-writable" in out and "/mnt is? ext4" in out
    assert "slot B       generation 12" in out and "quiet" in out
    data = json.loads(ctl("status", "--json", env=env_of(host))[0])
    assert data["kernel"]["state"] == "saved generation=12"
    assert data["kernel"]["restore_count"] is None
    assert data["kernel"]["mode"] is None and data["kernel"]["attempts"] is None
    assert "attempts" not in out
    (power / "fastboot/mode").write_text("golden\n")
    (power / "fastboot/attempts").write_text("2\n")
    out, _ = ctl("status", env=env_of(host))
    assert "mode         golden" in out and "attempts     2" in out
    data = json.loads(ctl("status", "--json", env=env_of(host))[0])
    assert data["kernel"]["mode"] == "golden" and data["kernel"]["attempts"] == "2"
    assert data["images"]["slots"][0]["status"] == "slot-empty"
    assert data["images"]["slots"][1]["generation"] == 12


def efi_variable(directory, name, guid, data):
    (directory / f"{name}-{guid}").write_bytes(struct.pack("<I", 6) + data)


def test_status_of_the_loader(host, tmp_path):
    variables = tmp_path / "efivars"
    variables.mkdir()
    env = {**env_of(host), "EFIVARFS_PATH": f"{variables}/"}
    assert "no boot entry" in ctl("status", env=env)[0]
    efi_variable(variables, "FastbootLastResult", "8ac4f28e-6d6f-4bd2-9e59-1a1cf66f2b35",
                 b"result=refused\ncode=fs-changed\nsentence=changed \033 = other\n"
                 b"partition=33221100-5544-7766-8899-aabbccddeeff\n"
                 b"passed=b\npassed_code=slot-quarantined\n")
    result = {"result": "refused", "code": "fs-changed", "sentence": "changed ? = other",
              "partition": "33221100-5544-7766-8899-aabbccddeeff",
              "passed": "b", "passed_code": "slot-quarantined"}
    (host[0] / "sys/power/fastboot/loader_result").write_text("result=restored\n")
    out, _ = ctl("status", env=env)
    assert "this start   result=refused" in out
    for key, value in result.items():
        assert f"{key}={value}" in out
    data = json.loads(ctl("status", "--json", env=env)[0])
    assert data["loader"]["last_result"] == result


@pytest.mark.parametrize("variables", [True, False])
def test_status_of_the_loader_from_the_module(host, tmp_path, variables):
    efivars = tmp_path / "efivars"
    if variables:
        efivars.mkdir()
    env = {**env_of(host), "EFIVARFS_PATH": f"{efivars}/"}
    told = host[0] / "sys/power/fastboot/loader_result"
    told.write_text("\n")
    assert "this start" not in ctl("status", env=env)[0]
    assert "last_result" not in json.loads(ctl("status", "--json", env=env)[0])["loader"]
    told.write_text("result=restored\nattempts=2\n")
    out, _ = ctl("status", env=env)
    assert "this start   result=restored" in out and "attempts=2" in out
    assert ("EFI variables are not available" in out) == (not variables)
    data = json.loads(ctl("status", "--json", env=env)[0])
    assert data["loader"]["last_result"] == {"result": "restored", "attempts": "2"}


def test_status_without_an_area(host, tmp_path):
    (tmp_path / "partition").write_bytes(bytes(MIB))
    out, err = ctl("status", status=1, env=env_of(host))
    assert "no fast-boot area" in out and "area-missing" in err
    assert json.loads(ctl("status", "--json", status=1, env=env_of(host))[0])[
        "images"] == {"present": False}


# mark-good

def attempts_of(path, slot=0):
    image = json.loads(ctl("inspect", "--json", path)[0])["slots"][slot]
    return image["restores"], image["attempts"]


def changed_bytes(before, after):
    """Where they differ; bytes are compared one by one in blocks that do."""
    assert len(before) == len(after)
    return [at + i for at in range(0, len(before), BLOCK)
            if before[at:at + BLOCK] != after[at:at + BLOCK]
            for i, (a, b) in enumerate(zip(before[at:at + BLOCK], after[at:at + BLOCK])) if a != b]


@pytest.mark.parametrize("state", [("--attempts", 3), ("--state", "none"),
                                   ("--state", "foreign")])
def test_mark_good_a_slot(partition, state):
    path = partition()
    offset, size = put_image(path, 1, 8, "", *state)["state"]
    before = path.read_bytes()
    out, _ = ctl("mark-good", "--slot", "b", path)
    assert out == "slot B: generation 8 is good\n"
    changed = changed_bytes(before, path.read_bytes())
    assert changed and changed[0] >= offset and changed[-1] < offset + size
    assert attempts_of(path, 1) == (7 if "--attempts" in state else 0, 0)
    ctl("verify", path)
    before = path.read_bytes()
    out, _ = ctl("mark-good", "--slot", "b", path)
    assert out == "slot B: generation 8 is good already\n"
    assert path.read_bytes() == before


@pytest.mark.parametrize("options", [(), ("--consumed", "--restores", 1, "--attempts", 1),
                                     ("--state", "none"), ("--attempts", 3)])
def test_mark_good_leaves_an_image_for_one_restore(partition, options):
    path = partition()
    put_image(path, 0, 1, "", "--once", *options)
    before = path.read_bytes()
    refused("not-golden", "mark-good", "--slot", "a", path)
    assert path.read_bytes() == before


def test_mark_good_refuses_what_is_no_image(partition):
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


# Of the image's own partition, which is there: what it says of other disks is played elsewhere.
OWN_PROOF = f"{'00' * 16}:2:0:0:512:0"


def test_mark_good_the_image_restored(host, tmp_path):
    snapshot = host[0] / "sys/power/fastboot_snapshot"
    path, env = tmp_path / "partition", env_of(host)
    put_image(path, 0, 11, "", "--attempts", 1, "--proof", OWN_PROOF)
    put_image(path, 1, 12, "", "--attempts", 2)

    assert "not loaded" in refused("not-restored", "mark-good", env=env)
    for text in ("idle", "saved generation=12", "restored generation=", ""):
        snapshot.write_text(f"{text}\n")
        assert "--slot" in refused("not-restored", "mark-good", env=env)
    snapshot.write_text("restored generation=13 restores=1\n")
    assert "no image of generation 13" in refused("not-restored", "mark-good", env=env)
    assert attempts_of(path, 0) == (7, 1) and attempts_of(path, 1) == (7, 2)

    snapshot.write_text("restored generation=11 restores=1\n")
    out, _ = ctl("mark-good", env=env)
    assert out.startswith("slot A: generation 11")
    assert attempts_of(path, 0) == (7, 0) and attempts_of(path, 1) == (7, 2)
    ctl("mark-good", "--slot", "b", env=env)
    assert attempts_of(path, 1) == (7, 0)

    put_image(path, 1, 11, "", "--attempts", 2)
    assert "more than one" in refused("not-restored", "mark-good", env=env)
    put_image(path, 1, 12, "", "--once", "--consumed", "--restores", 1)
    snapshot.write_text("restored generation=12 restores=1\n")
    refused("not-golden", "mark-good", env=env)


# optimise

def slot_bytes(path, slot):
    with fbimage.Area.open(path) as area:
        place = area.slots[slot]
        return path.read_bytes()[place.offset:place.offset + place.size]


@pytest.mark.parametrize("source,level", [(0, ()), (1, ("--level", 3)), (0, ("--level", 12))])
def test_optimise_is_the_same_image(partition, source, level):
    path = partition()
    put_image(path, source, 5, "café", "--attempts", 2)
    before, original = path.read_bytes(), slot_bytes(path, source)
    out, _ = ctl("optimise", *level, path)
    assert f"slot {'BA'[source]}: generation 6: written" in out
    ctl("verify", path)
    with fbimage.Area.open(path) as area:
        area.verify()
        old, new = area.slots[source], area.slots[1 - source]
        assert area.newest() is new
        changed = changed_bytes(before, path.read_bytes())
        assert changed[0] >= new.offset and changed[-1] < new.offset + new.size
        assert slot_bytes(path, source) == original
        assert list(new.pages()) == list(old.pages())
        for name in ("record", "fingerprint", "rtmap", "aux", "proofs", "page_index"):
            assert new.section(name) == old.section(name), name
        assert [(c.first, c.pages) for c in new.chunks] == [(c.first, c.pages) for c in old.chunks]
        assert [c.kind for c in new.chunks] == ["lz4", "lz4", "raw", "fill", "lz4"]
        assert new.header["data_size"] < old.header["data_size"]
        assert new.state() == old.state() == fbimage.State(True, 7, 2)
        own = {"generation", "image_uuid", "data_size", "meta_offset", "sections", "csum"}
        assert {key for key in new.header if new.header[key] != old.header[key]} == own
        assert new.header["generation"] == 6


def test_optimise_takes_what_the_loader_takes(partition):
    path = partition()
    put_image(path, 0, 5)
    put_image(path, 1, 6, "", "--attempts", 3)
    ctl("optimise", "--yes", path)
    with fbimage.Area.open(path) as area:
        assert [slot.header["generation"] for slot in area.slots] == [5, 7]
        assert area.slots[1].state() == fbimage.State(True, 7, 0)
    ctl("optimise", "--yes", path)
    with fbimage.Area.open(path) as area:
        assert [slot.header["generation"] for slot in area.slots] == [8, 7]


@pytest.mark.parametrize("state", ["none", "foreign"])
def test_optimise_makes_a_state_where_there_was_none(partition, state):
    path = partition()
    put_image(path, 0, 5, "", "--state", state)
    ctl("optimise", path)
    with fbimage.Area.open(path) as area:
        assert area.slots[1].state() == fbimage.State(True)


UNFIT = [
    # mkimage's options, the code
    (("--once", "--restores", 0), "not-golden"),
    (("--once", "--restores", 1, "--attempts", 1, "--consumed"), "slot-consumed"),
    (("--once", "--state", "none"), "state-damaged"),
    (("--attempts", 3), "slot-quarantined"),
]


@pytest.mark.parametrize("options,code", UNFIT)
@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("dry", [True, False])
def test_optimise_refuses_what_must_stay_single_or_is_left_alone(partition, options, code, named,
                                                                 dry):
    path = partition()
    put_image(path, 1, 5, "", *options)
    before = path.read_bytes()
    args = ("--slot", "b") if named else ()
    assert "slot B" in refused(code, "optimise", "--yes", *args, *(("--dry-run",) * dry), path)
    assert path.read_bytes() == before


def test_optimise_refuses_what_is_no_image(partition):
    path = partition()
    refused("slot-empty", "optimise", path)
    regions = put_image(path)
    refused("slot-empty", "optimise", "--slot", "b", path)
    flip(path, regions["slot-header"][0] + 100)
    before = path.read_bytes()
    assert "slot A" in refused("slot-checksum", "optimise", path)
    assert path.read_bytes() == before
    one = partition(options=("--slots", "1"))
    put_image(one)
    before = one.read_bytes()
    refused("single-slot", "optimise", "--yes", one)
    assert one.read_bytes() == before


@pytest.mark.parametrize("region,code", [
    ("chunk-0", "chunk-checksum"), ("chunk-2", "chunk-checksum"), ("chunk-4", "chunk-checksum"),
    ("chunk-table", "section-checksum"), ("record", "section-checksum"),
])
@pytest.mark.parametrize("other", [True, False])
def test_optimise_refuses_a_damaged_image_before_it_writes(partition, region, code, other):
    path = partition()
    if other:
        put_image(path, 1, 4)
    flip(path, put_image(path, 0, 5)[region][0] + 9)
    before = path.read_bytes()
    assert "slot A" in refused(code, "optimise", "--yes", path)
    refused(code, "optimise", "--dry-run", path)
    assert path.read_bytes() == before
    assert ("slot B: good" if other else "slot B: empty") in ctl("verify", path, status=1)[0]


def test_optimise_sees_a_chunk_that_does_not_decode(partition):
    path = partition()
    put_image(path, 0, 1, "", "--spoil")
    before = path.read_bytes()
    assert "chunk 0" in refused("chunk-decode", "optimise", path)
    assert path.read_bytes() == before


def test_optimise_dry_run(partition):
    path = partition()
    put_image(path, 0, 5, "the\033 first")
    before = path.read_bytes()
    out, _ = ctl("optimise", "--dry-run", path)
    assert "slot A, generation 5" in out and "the? first" in out
    assert "slot B, generation 6" in out and "lost" not in out
    told = json.loads(ctl("optimise", "--dry-run", "--json", path)[0])
    assert path.read_bytes() == before
    assert told["written"] is False
    done = json.loads(ctl("optimise", "--json", path)[0])
    assert done == {**told, "written": True}
    assert done["level"] == 9 and done["lost"] == [] and done["device"] == str(path)
    assert done["copy"]["chunks"] == done["image"]["chunks"] == {"lz4": 3, "raw": 1, "constant": 1}
    for name, slot, generation in (("image", 0, 5), ("copy", 1, 6)):
        real = json.loads(ctl("inspect", "--json", path)[0])["slots"][slot]
        assert done[name]["slot"] == real["slot"]
        assert done[name]["generation"] == real["generation"] == generation
        assert done[name]["disk_bytes"] == real["disk_bytes"]
        assert done[name]["stored_bytes"] == real["stored_bytes"]
    assert done["copy"]["disk_bytes"] < done["image"]["disk_bytes"]


def test_optimise_asks_before_an_image_is_lost(partition):
    path = partition()
    put_image(path, 0, 5)
    damaged = put_image(path, 1, 6, "newest")
    before = path.read_bytes()
    out, _ = ctl("optimise", "--dry-run", "--slot", "a", path)
    assert "the image in slot B, generation 6" in out and "is newer than" in out
    out, _ = ctl("optimise", "--dry-run", path)
    assert "the image in slot A, generation 5" in out and "newer than" not in out
    refused("not-confirmed", "optimise", "--slot", "a", path)
    refused("not-confirmed", "optimise", path)
    assert "--json does not ask" in refused("not-confirmed", "optimise", "--json", path)
    told = json.loads(ctl("optimise", "--json", "--slot", "a", "--dry-run", path)[0])
    assert told["lost"] == [{"slot": "b", "status": "ok", "generation": 6,
                             "description": "newest", "newer": True, "restored_next": True}]
    assert path.read_bytes() == before

    flip(path, damaged["slot-header"][0] + 100)
    refused("not-confirmed", "optimise", path)
    done = json.loads(ctl("optimise", "--json", "--yes", path)[0])
    assert done["lost"] == [{"slot": "b", "status": "slot-checksum"}]
    assert done["copy"] | {"slot": "b", "generation": 6} == done["copy"]
    ctl("verify", path)


def test_optimise_gives_no_generation_twice(host, tmp_path):
    path = tmp_path / "partition"
    power = host[0] / "sys/power"
    put_image(path, 0, 11, "", "--attempts", 1)
    # The image this system was restored from, 41, has been erased since.
    (power / "fastboot/generation").write_text("41\n")
    (power / "fastboot_snapshot").write_text("restored generation=41 restores=1\n")
    out, _ = ctl("optimise", env=env_of(host))
    assert "slot B, generation 42" in out
    assert "no image of generation 41" in refused("not-restored", "mark-good", env=env_of(host))
    assert attempts_of(path, 1) == (7, 1)


def test_optimise_a_promoted_image(partition):
    """It is the one that is copied, over the newer one; nothing of what people said is lost."""
    path = partition()
    put_image(path, 0, 5, "first", "--rank", 9, "--describe", "the better one")
    put_image(path, 1, 6, "newest")
    out, _ = ctl("optimise", "--dry-run", path)
    assert "slot A, generation 5" in out and "the better one" in out and "newest" in out
    assert "newer than" in out and "restored next" not in out
    told = json.loads(ctl("optimise", "--dry-run", "--json", path)[0])
    assert told["copy"]["generation"] == 10 and told["lost"][0]["restored_next"] is False
    out, _ = ctl("optimise", "--dry-run", "--slot", "b", path)
    assert "newer than" not in out and "restored next" in out
    ctl("optimise", "--yes", path)
    with fbimage.Area.open(path) as area:
        assert area.taken() is area.slots[1]
        assert area.slots[1].header["generation"] == 10
        assert area.slots[1].header["description"] == "first"
        assert area.slots[1].description == "the better one"


# list

def listed(*args, status=0, env=None):
    return json.loads(ctl("list", "--json", *args, status=status, env=env)[0])


def row_of(text, slot):
    return next(line for line in text.splitlines() if line[:5].split()[-1:] == [slot])


def test_list(partition):
    path = partition()
    out, _ = ctl("list", path)
    assert out.splitlines()[0] == f"{path}:" and "GENERATION" in out.splitlines()[1]
    assert "slot-empty: " in row_of(out, "A") and "slot-empty: " in row_of(out, "B")
    assert "->" not in out and "last refusal" not in out

    put_image(path, 0, 5, "the\033 first", "--attempts", 2)
    put_image(path, 1, 6, "", "--restores", 1, "--attempts", 3, "--describe", "fair café")
    out, _ = ctl("list", path)
    assert row_of(out, "A").startswith("-> A ") and row_of(out, "B").startswith("   B ")
    first = r"golden +5 +\d+ days +[\d.]+ MiB +[\d.]+ MiB +7 +2 +ok +6\.1\.0-sample +the\? first$"
    assert re.search(first, row_of(out, "A")), out
    second = r"golden +6 .* 1 +3 +slot-quarantined +6\.1\.0-sample +fair café$"
    assert re.search(second, row_of(out, "B")), out

    told = listed(path)
    assert told["device"] == str(path)
    assert told["boot_entry_slot"] is None and told["last_refusal"] is None
    a, b = told["slots"]
    assert (a["restored_next"], b["restored_next"]) == (True, False)
    assert (a["rank"], b["rank"]) == (a["generation"], b["generation"]) == (5, 6)
    assert (a["usable"], b["usable"]) == ("ok", "slot-quarantined")
    assert (a["description"], b["description"]) == ("the? first", "fair café")
    assert a["pages"] == 300 + 400 + 212 + 256 + 256 + 33 and a["disk_bytes"] < a["pages"] * BLOCK


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


def boot_entry(directory, options):
    path = "\\EFI\\fastboot\\fastbootx64.efi\0".encode("utf-16-le")
    path = struct.pack("<BBH", 4, 4, 4 + len(path)) + path + bytes.fromhex("7fff0400")
    data = (struct.pack("<IH", 1, len(path)) + "Fast boot\0".encode("utf-16-le") + path
            + f"{options}\0".encode("utf-16-le"))
    (directory / "Boot0003-8be4df61-93ca-11d2-aa0d-00e098032b8c").write_bytes(
        struct.pack("<I", 7) + data)


def test_list_what_else_decides(host, tmp_path):
    """The boot entry may name a slot; and why the loader did not restore stands there too."""
    variables = tmp_path / "efivars"
    variables.mkdir()
    env = {**env_of(host), "EFIVARFS_PATH": f"{variables}/"}
    put_image(tmp_path / "partition", 0, 5)
    assert "boot entry" not in ctl("list", env=env)[0]
    boot_entry(variables, "cores=1")
    assert listed(env=env)["boot_entry_slot"] is None
    boot_entry(variables, "cores=1 slot=b")
    assert listed(env=env)["boot_entry_slot"] == "b"
    assert "names slot B" in ctl("list", env=env)[0]

    told = host[0] / "sys/power/fastboot/loader_result"
    told.write_text("result=restored\nslot=a\n")
    assert listed(env=env)["last_refusal"] is None
    told.write_text("result=refused\ncode=fs-changed\nsentence=changed\nadvice=take one\n")
    assert ctl("list", env=env)[0].endswith("last refusal: fs-changed: changed; take one\n")
    assert listed(env=env)["last_refusal"] == {"result": "refused", "code": "fs-changed",
                                               "sentence": "changed", "advice": "take one"}


def test_status_tells_what_is_restored_next(partition):
    path = partition()
    put_image(path, 0, 5)
    put_image(path, 1, 6)
    told = json.loads(ctl("status", "--json", path)[0])["images"]["slots"]
    assert [slot["restored_next"] for slot in told] == [False, True]
    assert "restored next\n" in ctl("status", path)[0].split("slot B")[1]
    ctl("rollback", path)
    told = json.loads(ctl("status", "--json", path)[0])["images"]["slots"]
    assert [(slot["restored_next"], slot["rank"]) for slot in told] == [(True, 7), (False, 6)]
    assert "restored next, for it was promoted\n" in ctl("status", path)[0]


# describe

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


# promote and rollback

def taken(path):
    with fbimage.Area.open(path) as area:
        slot = area.taken()
        return "ab"[slot.index] if slot else None


def test_promote(partition):
    path = partition()
    offset, size = put_image(path, 0, 5, "", "--attempts", 2, "--describe", "old")["state"]
    put_image(path, 1, 6)
    before = path.read_bytes()
    out, _ = ctl("promote", "--slot", "b", path)
    assert out == "slot B: generation 6 comes first already\n"
    out, _ = ctl("promote", "--slot", "a", "--dry-run", path)
    assert out == "slot A: generation 5 would come first\n"
    told = json.loads(ctl("promote", "--slot", "a", "--dry-run", "--json", path)[0])
    assert path.read_bytes() == before and taken(path) == "b"
    assert told == {"device": str(path), "written": False, "slot": "a", "generation": 5, "rank": 7,
                    "instead_of": {"slot": "b", "generation": 6}}
    assert json.loads(ctl("promote", "--slot", "a", "--json", path)[0]) == {**told, "written": True}
    changed = changed_bytes(before, path.read_bytes())
    assert changed and changed[0] >= offset and changed[-1] < offset + size
    assert taken(path) == "a"
    with fbimage.Area.open(path) as area:
        assert area.slots[0].state() == fbimage.State(True, 7, 2, False, 7, "old")
    out, _ = ctl("promote", "--slot", "b", path)
    assert out == "slot B: generation 6 comes first\n" and taken(path) == "b"
    ctl("verify", path)


def test_rollback(partition):
    path = partition()
    put_image(path, 0, 5)
    put_image(path, 1, 6)
    told = json.loads(ctl("rollback", "--dry-run", "--json", path)[0])
    assert taken(path) == "b" and told["slot"] == "a" and not told["written"]
    for turn, slot in enumerate("abab"):
        out, _ = ctl("rollback", path)
        assert out == f"slot {slot.upper()}: generation {5 + turn % 2} comes first\n"
        assert taken(path) == slot
    # An image without a state gets one.
    put_image(path, 0, 5, "", "--state", "foreign")
    ctl("rollback", path)
    assert taken(path) == "a"
    with fbimage.Area.open(path) as area:
        assert area.slots[0].state() == fbimage.State(True, 0, 0, False, 11)


@pytest.mark.parametrize("options,code", [
    (("--attempts", 3), "slot-quarantined"),
    (("--once", "--restores", 1, "--attempts", 1, "--consumed"), "slot-consumed"),
    (("--once", "--state", "none"), "state-damaged"),
    (("--once", "--restores", 0), "not-golden"),
])
@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_what_is_not_promoted(partition, options, code, dry):
    path = partition()
    refused("slot-empty", "rollback", path)
    put_image(path, 1, 6)
    refused("slot-empty", "promote", "--slot", "a", *dry, path)
    refused("slot-empty", "rollback", *dry, path)
    put_image(path, 0, 5, "", *options)
    before = path.read_bytes()
    for args in (("promote", "--slot", "a"), ("rollback",)):
        assert "slot A" in refused(code, *args, *dry, path)
    # The other one comes first already, whatever this one is.
    ctl("promote", "--slot", "b", path)
    assert path.read_bytes() == before and taken(path) == "b"


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

    # One that has had its restore, or never can, is in nobody's way.
    for options in (("--restores", 1, "--consumed"), ("--state", "none")):
        put_image(path, 0, 5)
        put_image(path, 1, 6, "", "--once", *options)
        assert taken(path) == "a"
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
    assert "comes first already" in ctl("promote", "--slot", "a", path)[0]


def test_promoted_against_the_boot_entry(host, tmp_path):
    """What names a slot itself does not ask for a rank."""
    variables = tmp_path / "efivars"
    variables.mkdir()
    env = {**env_of(host), "EFIVARFS_PATH": f"{variables}/"}
    put_image(tmp_path / "partition", 0, 5)
    put_image(tmp_path / "partition", 1, 6)
    for options in (None, "cores=1"):
        if options:
            boot_entry(variables, options)
        assert ctl("promote", "--slot", "b", env=env)[1] == ""
        assert "warnings" not in json.loads(ctl("promote", "--slot", "b", "--json", env=env)[0])
    boot_entry(variables, "cores=1 slot=a verbose")
    for args in (("promote", "--slot", "b"), ("rollback", "--dry-run"), ("rollback",)):
        out, err = ctl(*args, env=env)
        assert "slot " in out
        assert err.startswith("fastbootctl: warning: the boot entry Boot0003 has the option slot=a")
        assert err.endswith("fastbootctl install --options 'cores=1 verbose'\n")
        assert len(err.splitlines()) == 1
    told = json.loads(ctl("rollback", "--json", env=env)[0])
    assert told["written"] and len(told["warnings"]) == 1 and "Boot0003" in told["warnings"][0]


def test_the_last_rank(partition):
    path = partition()
    put_image(path, 0, 5)
    put_image(path, 1, 6, "", "--rank", (1 << 64) - 1)
    before = path.read_bytes()
    refused("slot-field", "rollback", path)
    refused("slot-field", "optimise", "--yes", path)
    assert path.read_bytes() == before
    assert listed(path)["slots"][1]["rank"] == (1 << 64) - 1


def test_a_new_verb_finds_the_area(host, tmp_path):
    put_image(tmp_path / "partition", 0, 3)
    put_image(tmp_path / "partition", 1, 4)
    ctl("rollback", env=env_of(host))
    assert [slot["restored_next"] for slot in listed(env=env_of(host))["slots"]] == [True, False]


# invalidate

def test_invalidate(partition):
    path = partition()
    first = put_image(path, 0, 5, "the\033 first")
    second = put_image(path, 1, 6)
    before = path.read_bytes()
    out, _ = ctl("invalidate", "--dry-run", "--slot", "a", path)
    assert "slot A, generation 5" in out and "the? first" in out and "slot B" not in out
    refused("not-confirmed", "invalidate", path)
    assert path.read_bytes() == before

    ctl("invalidate", "--yes", "--slot", "a", path)
    start = first["slot-header"][0]
    changed = changed_bytes(before, path.read_bytes())
    assert changed[0] >= start and changed[-1] < start + 2 * BLOCK
    assert is_empty(path.read_bytes()[start:start + 2 * BLOCK])
    assert "slot A: empty" in ctl("verify", path)[0]

    out, _ = ctl("invalidate", "--yes", path)
    assert "slot A:     empty" in out and "slot B: erased" in out
    start = second["slot-header"][0]
    assert is_empty(path.read_bytes()[start:start + 2 * BLOCK])
    before = path.read_bytes()
    out, _ = ctl("invalidate", path)
    assert out.count("empty") == 2
    assert path.read_bytes() == before


def test_invalidate_a_damaged_image(partition):
    path = partition()
    start = put_image(path)["slot-header"][0]
    flip(path, start + 100)
    assert "damaged image in slot A" in ctl("invalidate", "--yes", path)[0]
    assert is_empty(path.read_bytes()[start:start + 2 * BLOCK])


def test_invalidate_finds_the_area(host, tmp_path):
    put_image(tmp_path / "partition", 1, 3)
    ctl("invalidate", "--yes", env=env_of(host))
    assert ctl("verify", env=env_of(host))[0].count("empty") == 2


# The check that follows a restore: systemctl, fastbootctl and time are played.

HEALTHY = pathlib.Path(__file__).parent.parent / "systemd/healthy"


class Check:
    """systemd/healthy at work; what it asks for is answered by files."""

    def __init__(self, tmp_path):
        self.dir = tmp_path
        self.marks = tmp_path / "marks"
        self.active = tmp_path / "active"
        self.slept = tmp_path / "slept"
        self.state = tmp_path / "state"
        self.state.write_text("running\n")
        tools = tmp_path / "tools"
        tools.mkdir()
        self.tool(tools / "systemctl", f"""
            case $* in
            '--quiet is-active custom.target') [ -e {self.active} ] ;;
            is-system-running) cat {self.state}; exit 1 ;;
            *) echo "asked for $*" >&2; exit 99 ;;
            esac""")
        self.tool(tools / "fastbootctl", f"""
            echo "$*" >>{self.marks}
            exit $(cat {tmp_path}/status 2>/dev/null || echo 0)""")
        self.tool(tools / "sleep", f"""
            echo "$1" >>{self.slept}
            centi=$(($1 * 2))
            exec {shutil.which('sleep')} $((centi / 100)).$((centi / 10 % 10))$((centi % 10))""")
        self.path = f"{tools}:{os.environ['PATH']}"
        self.process = None

    @staticmethod
    def tool(path, script):
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def start(self, delay):
        self.process = subprocess.Popen(
            [HEALTHY], stderr=subprocess.PIPE, text=True,
            env={"PATH": self.path, "HEALTHY_TARGET": "custom.target",
                 "HEALTHY_DELAY": str(delay)})

    def end(self):
        _, err = self.process.communicate(timeout=20)
        assert err == ""
        return self.process.returncode

    def seconds(self):
        """What it has begun to wait for, in all; there is a first time."""
        until = time.monotonic() + 20
        while not (self.slept.exists() and self.slept.read_text().endswith("\n")):
            assert time.monotonic() < until
            time.sleep(0.01)
        return sum(map(int, self.slept.read_text().split()))

    def marked(self):
        return self.marks.read_text().splitlines() if self.marks.exists() else []


@pytest.fixture
def check(tmp_path):
    made = Check(tmp_path)
    yield made
    if made.process and made.process.poll() is None:
        made.process.kill()
        made.process.communicate()


def test_healthy_after_the_delay(check):
    check.active.touch()
    check.start(delay=30)
    assert check.seconds() == 30 and check.marked() == []
    assert check.end() == 0
    assert check.seconds() == 30
    assert check.marked() == ["mark-good"]


def test_healthy_fails_as_mark_good_does(check, tmp_path):
    check.active.touch()
    (tmp_path / "status").write_text("3\n")
    check.start(delay=0)
    assert check.end() == 3


def test_healthy_waits_for_a_late_target(check):
    check.start(delay=3)
    while check.seconds() < 30:
        time.sleep(0.01)
    assert check.process.poll() is None and check.marked() == []
    check.active.touch()
    assert check.end() == 0
    assert check.marked() == ["mark-good"]


@pytest.mark.parametrize("reached,state,marks", [
    (True, "stopping", ["mark-good"]),  # switched off early, in order
    (False, "stopping", []),            # before the system was up
    (True, "running", []),              # stopped or restarted by itself
    (True, "maintenance", []),          # on the way to the rescue shell
])
def test_healthy_when_stopped_early(check, reached, state, marks):
    if reached:
        check.active.touch()
    check.start(delay=6000)
    assert check.seconds() <= 6000
    check.active.unlink(missing_ok=True)  # the shutdown stops the target, too
    check.state.write_text(f"{state}\n")
    check.process.terminate()
    assert check.end() == 0
    assert check.marked() == marks


@pytest.mark.parametrize("delay", ["", "1.5", "soon", "-1"])
def test_healthy_wants_seconds(check, delay):
    check.active.touch()
    check.start(delay)
    if delay == "":  # as if it were not set
        assert check.end() == 0
        assert check.seconds() == 30
        return
    _, err = check.process.communicate(timeout=20)
    assert check.process.returncode == 2 and "HEALTHY_DELAY" in err
    assert check.marked() == []


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_the_unit_is_well_formed(tmp_path):
    unit = (HEALTHY.parent / "fastboot-healthy.service").read_text()
    assert "ExecStart=/usr/lib/fastboot/healthy\n" in unit
    here = tmp_path / "fastboot-healthy.service"
    here.write_text(unit.replace("/usr/lib/fastboot/healthy", str(HEALTHY)))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(here)],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and str(here.name) not in done.stderr, done.stderr


def test_install_puts_everything_where_it_belongs(tmp_path):
    tools = HEALTHY.parent.parent
    subprocess.run(["make", "-s", "-C", tools, "-o", "all", "install", f"DESTDIR={tmp_path}"],
                   check=True, timeout=60)
    for place, mode in (("usr/lib/fastboot/healthy", 0o755),
                        ("usr/lib/systemd/system/fastboot-healthy.service", 0o644),
                        ("usr/lib/systemd/system/fastboot-restored.target", 0o644),
                        ("usr/lib/systemd/system/fastboot-restored.service", 0o644),
                        ("usr/lib/systemd/system/fastboot-arm.service", 0o644),
                        ("usr/lib/systemd/system/fastboot-timers.service", 0o644),
                        ("usr/lib/systemd/system/fastboot-pstore.service", 0o644),
                        ("usr/lib/fastboot/snapshot.d/timers", 0o755),
                        ("usr/lib/systemd/system/systemd-remount-fs.service.d"
                         "/fastboot-overlayroot.conf", 0o644),
                        ("usr/lib/fastboot/arm", 0o755), ("etc/default/fastboot", 0o644),
                        ("etc/fastboot/restored.d", 0o755), ("etc/fastboot/snapshot.d", 0o755),
                        ("usr/lib/udev/rules.d/90-fastboot.rules", 0o644),
                        ("usr/sbin/fastbootctl", 0o755)):
        assert (tmp_path / place).stat().st_mode & 0o777 == mode, place


# JSON

def told(*args, status=0, env=None):
    """The one object on standard output; what is told of a failure is the line on stderr."""
    out, err = ctl(*args, "--json", status=status, env=env)
    data = json.loads(out)
    lines = [line for line in err.splitlines() if "warning" not in line]
    if status:
        error = data["error"]
        assert set(error) == {"code", "message", "advice"}
        assert lines[0] == "fastbootctl: {code}: {message}; {advice}".format(**error)
    else:
        assert "error" not in data and not lines
    return data


def test_json_of_prepare(partition):
    path = partition(prepare=False)
    plan = told("prepare", "--dry-run", path)
    assert plan == {
        "device": str(path), "partition_size": SIZE, "written": False, "lost": [],
        "swap_bytes": SWAP_MIN,
        "slots": [{"slot": slot, "offset": plan["slots"][i]["offset"],
                   "size": plan["slots"][i]["size"]} for i, slot in enumerate("ab")]}
    assert "--json does not ask" in told("prepare", path, status=1)["error"]["message"]
    assert is_empty(path.read_bytes())
    assert told("prepare", "--yes", path) == {**plan, "written": True}
    put_image(path, 1, 3, "mine")
    assert told("prepare", "--dry-run", path)["lost"] == [
        {"slot": "b", "status": "ok", "generation": 3, "description": "mine"}]
    assert told("prepare", "--dry-run", "--slots", 3, path, status=2)["error"]["code"] == "usage"


def test_json_of_mark_good(partition):
    path = partition()
    put_image(path, 0, 8, "", "--attempts", 2)
    before = path.read_bytes()
    done = {"device": str(path), "slot": "a", "generation": 8, "attempts_before": 2,
            "written": False}
    assert told("mark-good", "--slot", "a", "--dry-run", path) == done
    assert "would be called good" in ctl("mark-good", "--slot", "a", "--dry-run", path)[0]
    assert path.read_bytes() == before
    assert told("mark-good", "--slot", "a", path) == {**done, "written": True}
    assert told("mark-good", "--slot", "a", path) == {**done, "attempts_before": 0}
    assert told("mark-good", "--slot", "b", path, status=1)["error"]["code"] == "slot-empty"


def test_json_of_invalidate(partition):
    path = partition()
    put_image(path, 1, 8)
    lost = [{"slot": "b", "status": "ok", "generation": 8, "description": ""}]
    plan = {"device": str(path), "dry_run": True, "erased": [], "lost": lost}
    assert told("invalidate", "--dry-run", path) == plan
    asked = told("invalidate", path, status=1)
    assert asked["lost"] == lost and asked["error"]["code"] == "not-confirmed"
    assert told("invalidate", "--yes", path) == {**plan, "dry_run": False, "erased": ["b"]}
    assert told("invalidate", "--yes", path)["lost"] == []


def test_json_of_verify(partition):
    path = partition()
    regions = put_image(path, 0, 8)
    done = told("verify", path)
    assert done["device"] == str(path)
    slot, empty = done["slots"]
    assert empty == {"slot": "b", "status": "slot-empty"}
    assert (slot["status"], slot["good"], slot["chunks"], slot["chunks_damaged"]) == \
        ("ok", True, 5, 0)
    assert slot["usable"] == "ok" and slot["generation"] == 8
    flip(path, regions["chunk-0"][0])
    flip(path, regions["chunk-2"][0])
    done = told("verify", path, status=1)
    assert done["error"]["code"] == "chunk-checksum" and "chunk 0" in done["error"]["message"]
    assert done["slots"][0]["chunks_damaged"] == 2 and done["slots"][0]["good"] is False
    assert told("verify", "--slot", "b", path, status=1)["error"]["code"] == "slot-empty"


def test_json_of_inspect_and_status_has_errors(partition, tmp_path):
    path = partition()
    flip(path, put_image(path)["page-index"][0])
    assert told("inspect", path, status=1)["error"]["code"] == "section-checksum"
    none = {"FASTBOOTCTL_ROOT": str(tmp_path / "none"), "EFIVARFS_PATH": "/none/"}
    done = told("status", status=3, env=none)
    assert done["error"]["code"] == "open-failed" and done["images"] == {"present": False}


def test_json_of_the_verbs_about_slots_has_errors(partition):
    path = partition()
    put_image(path, 0, 5)
    for args in (("promote", "--slot", "b"), ("rollback",), ("describe", "--slot", "b")):
        assert told(*args, path, status=1)["error"]["code"] == "slot-empty", args
    flip(path, put_image(path)["slot-header"][0] + 100)
    done = told("list", path)
    assert [slot["status"] for slot in done["slots"]] == ["slot-checksum", "slot-empty"]
    assert told("list", path.parent / "none", status=3)["error"]["code"] == "open-failed"


def test_json_of_a_wrong_command_line():
    assert told("frobnicate", status=2)["error"]["code"] == "usage"
    assert told("prepare", status=2)["error"]["code"] == "usage"
    assert told("next", "--no-such", status=2)["error"]["code"] == "usage"


def test_json_of_boot_entries_without_variables(tmp_path):
    """A BIOS; what else it can be, qemu-tests' guests show: it is asked of the kernel."""
    env = {"EFIVARFS_PATH": f"{tmp_path}/none/", "FASTBOOTCTL_ROOT": str(tmp_path)}
    for verb in ("next", "uninstall"):
        assert told(verb, "--dry-run", status=1, env=env)["error"]["code"] == "no-efi"


def test_json_is_printable(tmp_path):
    out, _ = ctl("verify", "--json", tmp_path / "a\033b", status=3)
    assert json.loads(out)["error"]["message"].startswith(f"{tmp_path}/a?b: ")


# the command line

@pytest.mark.parametrize("args", [
    (), ("frobnicate",), ("prepare",), ("prepare", "a", "b"), ("prepare", "--swap-size"),
    ("prepare", "--swap-size", "lots", "x"), ("prepare", "--slots", "3", "x"),
    ("prepare", "--label", "longer-than-a-label", "x"), ("prepare", "--no-such", "x"),
    ("verify", "--slot", "c", "x"), ("inspect", "--slot", "", "x"), ("next", "now"),
    ("install", "--options", "quick"), ("install", "--esp"), ("help", "frobnicate"),
    ("status", "a", "b"), ("next", "--yes"), ("mark-good", "--slot", "c", "x"),
    ("mark-good", "--yes", "x"), ("invalidate", "--slot", "1", "x"), ("invalidate", "a", "b"),
    ("optimise", "--level", "2", "x"), ("optimise", "--level", "13", "x"),
    ("optimise", "--level", "9x", "x"), ("optimise", "--level", "", "x"),
    ("optimise", "--slot", "c", "x"), ("optimise", "a", "b"), ("verify", "--json=1", "x"),
    ("simulate", "x"), ("simulate", "--this-boot", "--memmap", "m", "x"), ("simulate", "--memmap"),
    ("install", "--recovery", "--no-variables"),
])
def test_usage(args):
    assert "fastbootctl help" in refused("usage", *args, status=2)


def verbs():
    return re.findall(r"^  ([\w-]+) ", ctl("help")[0], re.M)


def test_help_covers_every_verb():
    assert ctl("--help")[0] == ctl("help")[0]
    for verb in verbs():
        assert ctl("help", verb)[0].startswith(f"usage: fastbootctl {verb}")
        assert ctl(verb, "--help")[0] == ctl("help", verb)[0]


def test_manual_lists_every_code():
    here = pathlib.Path(__file__).parent.parent
    manual = (here / "fastbootctl.8").read_text().replace("\\-", "-")
    codes = re.findall(r'X\(\w+, "([a-z-]+)", EXIT', (here / "src/base/fail.h").read_text())
    assert len(codes) > 15
    for code in codes:
        assert code in manual, code


def test_output_that_does_not_arrive(partition):
    path = partition()
    with open("/dev/full", "w") as full:
        done = subprocess.run([FASTBOOTCTL, "inspect", str(path)], stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 3 and "output-failed" in done.stderr
