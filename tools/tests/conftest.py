# SPDX-License-Identifier: GPL-2.0-or-later
"""Partitions and machines made of files: they need neither root nor devices."""
import pytest

pytest.register_assert_rewrite("machine", "tool")

from machine import Machine
from tool import MIB, SIZE, copy, ctl, sparse


def prepared(directory):
    """A prepared partition, made once for the many tests that begin with one."""
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


@pytest.fixture
def host(tmp_path, partition):
    """A /sys and a /dev of our own: vda has two partitions, and vda2 is prepared."""
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


@pytest.fixture
def module(tmp_path):
    """A /sys below a root of its own; returns a function that sets what the module reports."""
    power = tmp_path / "root/sys/power"
    (power / "fastboot").mkdir(parents=True)
    (tmp_path / "efivars").mkdir()

    def report(state, timings=()):
        (power / "fastboot_snapshot").write_text(f"{state}\n")
        (power / "fastboot/timings").write_text(
            "".join(f"{key}={value}\n" for key, value in dict(timings).items()))
        return {"FASTBOOTCTL_ROOT": str(tmp_path / "root"),
                "EFIVARFS_PATH": f"{tmp_path}/efivars/"}
    return report


@pytest.fixture
def machine(tmp_path, tmp_path_factory, partition):
    machine = Machine(tmp_path / "root", partition(), tmp_path_factory.getbasetemp())
    machine.regions = machine.take_image()
    return machine
