# SPDX-License-Identifier: GPL-2.0-or-later
"""Swap files, whose file system's map is a file beside them (extents_of_files.c), and install, which
writes where a volume or a file is into the boot entry."""
import json
import os
import struct
import subprocess

import pytest

from stack import GUIDS, HEADER, PARTITION_SIZE, VOLUME, Stack, linear
from tool import BLOCK, MIB, SIZE, SWAP_MIN, ctl, is_empty, sparse

PROGRAM, LOADER = os.environ["FASTBOOTCTL_ESP"], os.environ["LOADER"]
GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c"

FILE = [(0, 3 * MIB, 5 * MIB), (0, MIB, MIB), (1, MIB, 2 * MIB)]
FILE_HEADER = f"area={GUIDS[1]}+{3 * MIB - BLOCK}"


class Machine(Stack):
    def __init__(self, directory):
        super().__init__(directory / "root")
        (self.root / "boot/efi/EFI").mkdir(parents=True)
        self.variables = directory / "efivars"
        self.variables.mkdir()
        (self.variables / f"SecureBoot-{GLOBAL}").write_bytes(struct.pack("<IB", 6, 0))
        self.file = self.root / "swapfile"

    def ctl(self, *args, status=0):
        done = subprocess.run(
            [PROGRAM, *map(str, args), "--json"], stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=60, check=False,
            env={**os.environ, **self.env, "EFIVARFS_PATH": f"{self.variables}/"})
        assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
        assert status in (None, done.returncode), (args, done.stdout, done.stderr)
        return json.loads(done.stdout)

    def refused(self, code, *args):
        assert self.ctl(*args, status=1)["error"]["code"] == code

    def install(self, *options, status=0):
        answer = self.ctl("install", "--esp", self.root / "boot/efi", "--loader", LOADER, *options,
                          status=status)
        return answer if status else (
            answer["area"], self.ctl("status", status=None)["loader"]["options"])

    def swap_file(self, pieces=None, fstab=True, content=b""):
        """On the file system of vda1, but for a part on vda2: as on a volume of both."""
        sparse(self.file, SIZE)
        self.file.write_bytes(content or bytes(SIZE))
        self.write(f"{self.file.name}.extents", "252:0\n" + "".join(
            f"{part * PARTITION_SIZE + offset} {size}\n" for part, offset, size in pieces or FILE))
        self.write("sys/devices/dm-9/dm/table", linear(
            [(0, 0, PARTITION_SIZE), (1, 0, PARTITION_SIZE)]))
        link = self.root / "sys/dev/block/252:0"
        if not link.is_symlink():
            link.symlink_to("../../devices/dm-9")
        if fstab:
            self.write("etc/fstab", f"# swap\n{self.file} none swap sw 0 0\n")
        return self.file


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_prepare_a_swap_file(machine):
    file = machine.swap_file()
    plan = machine.ctl("prepare", "--yes", file)
    assert plan["map"] == [{"partition": GUIDS[part], "offset": offset, "size": size}
                           for part, offset, size in FILE]
    data = file.read_bytes()
    assert data[BLOCK - 10:BLOCK] == b"SWAPSPACE2" and is_empty(data[BLOCK:])
    assert struct.unpack_from("<I", data, 1028)[0] == SWAP_MIN // BLOCK - 1
    assert machine.partitions[1].read_bytes()[3 * MIB - BLOCK:][:8] != bytes(8)
    seen = machine.ctl("status")["images"]
    assert seen["device"] == str(file) and seen["place"] == FILE_HEADER
    machine.write("etc/fstab", "")
    machine.refused("area-missing", "inspect")
    assert machine.ctl("inspect", file)["area"]["map"] == plan["map"]
    machine.write("proc/swaps", f"Filename Type Size Used Priority\n{file} file 1 0 -2\n")
    assert machine.ctl("inspect")["device"] == str(file)


def test_the_module_is_given_the_path(machine):
    """fastbootctl says how, and looks where the module does: here through another name."""
    file = machine.swap_file()
    assert machine.ctl("prepare", "--yes", file)["module_target"] == str(file)
    machine.write("etc/fstab", "")
    machine.refused("area-missing", "inspect")
    machine.write("sys/power/fastboot/target", f"{file}\n")
    assert machine.ctl("inspect")["device"] == str(file)
    machine.write("etc/fstab", f"{file} none swap sw 0 0\n")
    assert machine.ctl("inspect")["device"] == str(file)  # found once
    machine.write("sys/power/fastboot/target", "vg-swap\n")
    assert machine.ctl("inspect")["device"] == str(file)


def test_a_path_that_the_module_cannot_be_given(machine):
    machine.file = machine.root / "swap file"
    sparse(machine.file, SIZE)
    plan = machine.ctl("prepare", "--yes", "--mapped", machine.swap_file())
    assert plan["module_target"] is None
    assert any("blanks" in warning for warning in plan["warnings"])


def test_a_file_on_a_read_only_file_system(machine):
    """As in a golden system: what is for the loader is written to the pieces."""
    file = machine.swap_file()
    machine.ctl("prepare", "--yes", file)
    machine.write("swapfile.read-only", "")
    assert machine.ctl("invalidate", "--yes", file)["device"] == str(file)
    answer = machine.ctl("prepare", "--yes", file, status=3)
    assert answer["error"]["code"] == "open-failed"
    machine.write("etc/fstab", "")
    (machine.root / "swapfile.read-only").unlink()
    machine.ctl("prepare", "--yes", file)  # now it holds what a partition would
    machine.write("swapfile.read-only", "")
    answer = machine.ctl("invalidate", "--yes", file, status=3)
    assert answer["error"]["code"] == "open-failed"


def test_prepare_refuses_a_swap_file_in_use(machine):
    file = machine.swap_file()
    machine.write("proc/swaps", f"Filename Type Size Used Priority\n{file} file 1 0 -2\n")
    machine.refused("in-use", "prepare", "--yes", file)
    assert is_empty(file.read_bytes())


def test_a_file_is_mapped_if_it_is_this_machines(machine):
    """Others hold what a partition would: they are for another machine, or another place."""
    file = machine.swap_file(fstab=False)
    assert machine.ctl("prepare", "--dry-run", file)["map"] == []
    assert len(machine.ctl("prepare", "--dry-run", "--mapped", file)["map"]) == 3
    machine.ctl("prepare", "--yes", file)
    assert machine.ctl("inspect", file)["area"]["map"] == []
    machine.ctl("prepare", "--yes", "--mapped", file)
    machine.gather(file, FILE)  # as the file system sees it
    assert len(machine.ctl("inspect", file)["area"]["map"]) == 3


def test_a_file_that_was_moved(machine):
    file = machine.swap_file()
    machine.ctl("prepare", "--yes", file)
    moved = [(0, 4 * MIB, 4 * MIB), (0, 0, 2 * MIB), (1, MIB, 2 * MIB)]
    machine.swap_file(moved)
    machine.refused("area-moved", "inspect", file)
    machine.refused("area-moved", "inspect")


def test_a_copy_of_a_mapped_file(machine):
    """The header names the original's blocks."""
    machine.ctl("prepare", "--yes", machine.swap_file())
    data = [part.read_bytes() for part in machine.partitions]
    content = b"".join(data[part][at:at + size] for part, at, size in FILE)
    machine.swap_file([(1, 0, 8 * MIB)], content=content)
    machine.scatter(machine.file, [(1, 0, 8 * MIB)])
    machine.refused("area-moved", "inspect", machine.file)
    (machine.root / "swapfile.extents").unlink()
    assert machine.ctl("inspect", machine.file, status=1)["error"]["code"] in (
        "not-mappable", "area-moved")


def test_candidates_with_a_file(machine):
    file = machine.swap_file(content=bytes(BLOCK - 10) + b"SWAPSPACE2" + bytes(SIZE - BLOCK))
    candidates = machine.ctl("prepare")["candidates"]
    assert [(row["device"], row["kind"]) for row in candidates] == [(str(file), "swap file")]


def test_install_writes_where_a_volume_is(machine):
    assert machine.install("--options", "quiet") == (None, "quiet")
    ctl("prepare", "--yes", machine.volume, env=machine.env)
    assert machine.install() == (f"area={HEADER}", f"quiet area={HEADER}")
    assert machine.install() == (f"area={HEADER}", f"quiet area={HEADER}")
    assert machine.install("--options", f"verbose partuuid={GUIDS[0]}") == (
        f"area={HEADER}", f"verbose area={HEADER}")
    other = f"area={GUIDS[0]}+4096"
    assert machine.install("--options", other)[1] == other
    machine.table("dm-0", linear([*VOLUME[:2], (1, 7 * MIB, MIB)]))
    ctl("prepare", "--yes", machine.volume, env=machine.env)
    moved = f"area={GUIDS[1]}+{PARTITION_SIZE - BLOCK}"
    assert machine.install() == (moved, moved)


def test_install_after_another_area_was_prepared(machine):
    """Of two, one must be named; a partition needs no option."""
    ctl("prepare", "--yes", machine.volume, env=machine.env)
    machine.install()
    plain = machine.partitions[1]
    machine.resize(2 * MIB)
    machine.table("dm-0", linear([(0, 2 * MIB, 2 * MIB)]))
    ctl("prepare", "--yes", machine.volume, env=machine.env)
    place = f"area={GUIDS[0]}+{4 * MIB - BLOCK}"
    assert machine.install() == (place, place)
    ctl("prepare", "--yes", "--force", plain, env=machine.env)
    machine.refused("area-ambiguous", "inspect")
    answer = machine.ctl("install", "--esp", machine.root / "boot/efi", "--loader", LOADER)
    assert "--area" in answer["warnings"][0] and answer["area"] is None
    assert machine.ctl("status", plain)["loader"]["options"] == place
    machine.ctl("install", "--esp", machine.root / "boot/efi", "--loader", LOADER, "--area", plain)
    assert machine.ctl("status", plain)["loader"]["options"] == ""
    machine.ctl("install", "--esp", machine.root / "boot/efi", "--loader", LOADER, "--area",
                machine.volume)
    assert machine.ctl("status", plain)["loader"]["options"] == place


def test_install_names_no_area_that_is_not_there(machine):
    assert machine.install("--area", machine.volume, status=1)["error"]["code"] == "area-magic"
    assert not (machine.root / "boot/efi/EFI/fastboot").exists()


def test_status_says_that_the_boot_entry_names_another_place(machine):
    def said():
        return subprocess.run([PROGRAM, "status", machine.volume], capture_output=True, text=True,
                              timeout=60, check=True, env={
                                  **os.environ, **machine.env,
                                  "EFIVARFS_PATH": f"{machine.variables}/"}).stdout

    ctl("prepare", "--yes", machine.volume, env=machine.env)
    assert "another place" not in said()
    machine.install("--options", f"area={GUIDS[0]}+0")
    assert "another place: fastbootctl install" in said()
    machine.install("--options", "")
    assert "another place" not in said()
