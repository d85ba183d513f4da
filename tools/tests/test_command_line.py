# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line, and the errors common to all verbs."""
import subprocess

import pytest

from tool import FASTBOOTCTL, flip, json_of, put_image, refused


@pytest.mark.parametrize("args", [
    (), ("frobnicate",), ("prepare", "--yes"), ("prepare", "a", "b"), ("prepare", "--swap-size"),
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
    ("gates", "golden"), ("snapshot",), ("snapshot", "silver"), ("snapshot", "golden", "a", "b"),
    ("snapshot", "golden", "x" * 128), ("snapshot", "golden", "a\nb"),
    ("snapshot", "golden", "\x7f"), ("snapshot", "golden", "\udcc3("), ("report", "--svg"),
    ("report", "x"), ("completion",), ("completion", "fish"), ("completion", "bash", "zsh"),
    ("completion", "bash", "--json"),
])
def test_usage(args):
    assert "fastbootctl help" in refused("usage", *args, status=2)


def test_a_slot_that_does_not_exist(partition):
    path = partition(options=("--slots", "1"))
    refused("usage", "inspect", "--slot", "b", path, status=2)
    refused("usage", "verify", "--slot", "b", path, status=2)
    refused("usage", "mark-good", "--slot", "b", path, status=2)
    refused("usage", "invalidate", "--yes", "--slot", "b", path, status=2)
    refused("usage", "optimise", "--yes", "--slot", "b", path, status=2)
    refused("usage", "promote", "--slot", "b", path, status=2)
    refused("usage", "describe", "--slot", "b", path, status=2)


def test_output_that_cannot_be_written(partition):
    path = partition()
    with open("/dev/full", "w") as full:
        done = subprocess.run([FASTBOOTCTL, "inspect", str(path)], stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 3 and "output-failed" in done.stderr


def test_json_of_the_verbs_about_slots_has_errors(partition):
    path = partition()
    put_image(path, 0, 5)
    for args in (("promote", "--slot", "b"), ("rollback",), ("describe", "--slot", "b")):
        assert json_of(*args, path, status=1)["error"]["code"] == "slot-empty", args
    flip(path, put_image(path)["slot-header"][0] + 100)
    done = json_of("list", path)
    assert [slot["status"] for slot in done["slots"]] == ["slot-checksum", "slot-empty"]
    assert json_of("list", path.parent / "none", status=3)["error"]["code"] == "open-failed"


def test_json_of_a_wrong_command_line():
    assert json_of("frobnicate", status=2)["error"]["code"] == "usage"
    assert json_of("prepare", "--yes", status=2)["error"]["code"] == "usage"
    assert json_of("next", "--no-such", status=2)["error"]["code"] == "usage"


def test_json_of_boot_entries_without_variables(tmp_path):
    """A machine with a BIOS; the guests of qemu-tests cover the other causes, real kernels'."""
    env = {"EFIVARFS_PATH": f"{tmp_path}/none/", "FASTBOOTCTL_ROOT": str(tmp_path)}
    for verb in ("next", "uninstall"):
        assert json_of(verb, "--dry-run", status=1, env=env)["error"]["code"] == "no-efi"
