# SPDX-License-Identifier: GPL-2.0-or-later
"""gates, snapshot and report in a machine: before a snapshot, after it, and after a restore."""

import json
import shlex

from harness import checks, product
from harness.golden import install_loader
from harness.machines import SMALL
from harness.vm import GOLDEN

HOOKS = "/etc/fastboot/snapshot.d"
OURS = "/usr/lib/fastboot/snapshot.d"
UNMOUNT = """#!/bin/sh
echo "$@" >>/tmp/ran
case $1 in
pre) umount /mnt ;;
post) mount -t ext4 /dev/vda3 /mnt ;;
esac
"""
DESCRIPTION = "the services are up"
SNAPSHOT = f"fastbootctl snapshot golden {shlex.quote(DESCRIPTION)}"


def ask(vm, words, check=True):
    """(the JSON that a verb prints, its exit status)."""
    result = vm.run(f"fastbootctl {words} --json 2>/tmp/errors", check=check)
    return json.loads(result.output), result.status


def without_the_module(vm):
    for verb in ("gates", "snapshot golden"):
        refused = vm.run(f"fastbootctl {verb}", check=False)
        assert refused.status == 1
        assert "module-missing" in refused.output and "modprobe fastboot_snapshot" in refused.output
    assert ask(vm, "report") == ({"of": "none", "loaded": False}, 0)


def variables_are_not_mounted(vm):
    """Not the same as a kernel without EFI variables, which test_gates.py has."""
    vm.run(f"umount {product.EFIVARS}")
    answer = vm.run("fastbootctl next --dry-run", check=False)
    vm.run(f"mount -t efivarfs efivarfs {product.EFIVARS}")
    assert answer.status == 3
    assert "efi-read" in answer.output and "efivarfs is not mounted" in answer.output


def obstacles_are_named(vm):
    """gates and snapshot name two obstacles at once, and change nothing."""
    vm.run("mke2fs /dev/vda3 >/dev/null 2>&1 && mkdir -p /mnt && mount -t ext4 /dev/vda3 /mnt")
    vm.run("swapon /dev/vda2")
    for words in ("gates", "snapshot golden --dry-run", "snapshot golden"):
        found, status = ask(vm, words, check=False)
        assert status == 1
        assert {"fs-writable", "swap-in-use"} <= {row["code"] for row in found["obstacles"]}
        for row in found["obstacles"]:
            assert row["sentence"] and row["advice"] and row["details"], row
    assert "obstacles" in vm.run("cat /tmp/errors").output
    text = vm.run("fastbootctl gates", check=False)
    assert text.status == 1 and "what to do: " in text.output and "vda3" in text.output
    assert vm.state() == "idle"
    vm.run("swapoff /dev/vda2")


def install_program(vm):
    """Install a program that unmounts the file system; until it runs, that is an obstacle."""
    vm.run(f"mkdir -p {HOOKS}")
    vm.put(f"{HOOKS}/50-unmount", UNMOUNT, "755")
    found, status = ask(vm, "snapshot golden --dry-run", check=False)
    assert status == 1 and found["programs"] == [
        f"{OURS}/00-timers", f"{OURS}/10-esp", f"{HOOKS}/50-unmount", f"{OURS}/90-stacks"]
    assert [row["code"] for row in found["obstacles"]] == ["fs-writable"]
    assert ask(vm, "gates --once") == ({"kind": "once", "obstacles": [], "seal": "none"}, 0)


def snapshot_reports_itself(vm, generation=1):
    output = vm.run(SNAPSHOT, timeout=180, name=GOLDEN).output
    assert f"saved: golden image, generation {generation}" in output
    assert "tasks stood still for" in output
    assert vm.run("cat /tmp/ran").output == "pre golden\npost golden"
    vm.run("grep -q ' /mnt ext4 rw' /proc/mounts")
    report, _ = ask(vm, "report")
    assert report["of"] == "snapshot" and report["generation"] == generation
    assert report["timings"] == product.timings(vm)
    assert sum(stage["took_us"] for stage in report["stages"]) == \
        report["timings"]["pause_ms"] * 1000
    assert product.status(vm)["slots"]["a"]["description"] == DESCRIPTION


def restore_reports_itself(vm):
    """The process that took the image continues, and distinguishes a restore from a snapshot."""
    output = vm.finish(GOLDEN, 60, command="the snapshot, restored").output
    assert "restored: generation 1, restore 1" in output and "saved" not in output
    assert vm.run("cat /tmp/ran").output == "pre golden"
    vm.run("! grep -q ' /mnt ' /proc/mounts")
    report, _ = ask(vm, "report --svg /tmp/report.svg")
    assert (report["of"], report["generation"], report["restores"]) == ("restore", 1, 1)
    figures = product.timings(vm)
    ends = [stage["start_us"] + stage["took_us"] for stage in report["stages"]]
    assert ends == sorted(ends)
    assert ends[-1] == figures["loader_jump_us"] + figures["thawed_us"]
    assert {stage["part"] for stage in report["stages"]} == {"loader", "kernel"}
    assert vm.run("tail -n 1 /tmp/report.svg").output == "</svg>"
    assert "read, verify, decode, place" in vm.run("fastbootctl report").output


def test_a_snapshot_and_its_restore(lab):
    vm = lab.booted(SMALL)
    checks.start_counter(vm)
    install_loader(vm)
    without_the_module(vm)
    variables_are_not_mounted(vm)
    vm.run("modprobe fastboot_snapshot")
    obstacles_are_named(vm)
    install_program(vm)
    snapshot_reports_itself(vm)
    vm.power_off()

    vm = lab.again(vm).start()
    restore_reports_itself(vm)
    checks.keeps_running(vm)
    assert "no obstacle" in vm.run("fastbootctl gates").output


def test_once_is_confirmed_and_restored(lab):
    """snapshot once asks for --yes, powers off, and reports the restore."""
    vm = lab.ready(SMALL)
    refused = vm.run("fastbootctl snapshot once </dev/null", check=False)
    assert refused.status == 1 and "not-confirmed" in refused.output
    assert vm.state() == "idle"
    vm.begin("fastbootctl snapshot once --yes", GOLDEN)
    vm.wait_power_off(180)

    vm = lab.again(vm).start()
    output = vm.finish(GOLDEN, 60, command="the snapshot, restored").output
    assert "restored: generation 1, restore 1" in output
