# SPDX-License-Identifier: GPL-2.0-or-later
"""Kinds of images: dry runs, two golden images side by side, one-shot images."""

import errno
import shutil

import pytest

from harness import checks, disk, product, scratch
from harness.golden import SNAPSHOT, Golden, install_loader
from harness.machines import SMALL
from harness.paths import FASTBOOTCTL, OVMF_VARS, host
from harness.restores import READING, WRITE, is_restored, reset, take, wait_for_moment
from harness.vm import GOLDEN, RESTORING, VM

# {stage: (what is logged, what is not logged)}, by the kernel, in the order of the stages.
FROZEN = "Freezing user space processes"
COPIED = "Image created"  # since 7.0 only with PM's debug messages
LEVELS = {
    "gates": ((), (FROZEN, COPIED)),
    "freeze": ((FROZEN,), (COPIED,)),
    "devices": ((FROZEN, COPIED), ()),
    "write": ((FROZEN, COPIED), ()),
}


def dry_run(vm, level, mode=""):
    state = vm.state()
    answer = product.write(vm, f"test:{level} {mode}".strip())
    assert answer.status == 0 and not answer.refusal, (answer.output, answer.refusal)
    assert f"fastboot: test:{level} {mode or 'golden'} passed" in answer.log
    logged, not_logged = LEVELS[level]
    assert all(text in answer.log for text in logged), answer.log
    assert not any(text in answer.log for text in not_logged), answer.log
    assert vm.state() == state
    checks.nothing_held(vm)
    checks.keeps_running(vm)


def figures_hold(vm):
    """The module's figures of a snapshot are consistent."""
    figures = product.timings(vm)
    parts = figures["freeze_ms"] + figures["create_ms"] + figures["write_ms"]
    assert 0 < parts <= figures["pause_ms"]
    assert 0 < figures["encode_ms"] <= figures["write_ms"] * vm.machine.cpus
    assert 0 < figures["disk_ms"] <= figures["write_ms"]
    # At least buffers of 2 MiB for each chunk in progress, and tables of 12 bytes a page.
    assert (6 * 2 << 20) < figures["memory"] <= 32 << 20


def slot_status(vm, slot):
    return product.status(vm)["slots"][slot]["status"]


def test_dry_runs(lab):
    """Each goes as far as its name says, leaves no image and damages none."""
    vm = lab.booted(SMALL)
    vm.run("modprobe fastboot_snapshot; echo 1 >/sys/power/pm_debug_messages")
    checks.start_counter(vm)
    for level in ("gates", "freeze", "devices"):
        dry_run(vm, level)
    assert vm.state() == "idle"
    checks.saved(vm, 1)
    figures_hold(vm)
    image, other = (product.slot_digest(vm, slot) for slot in "ab")
    dry_run(vm, "devices")
    assert product.slot_digest(vm, "b") == other
    dry_run(vm, "write")
    assert product.slot_digest(vm, "a") == image
    assert product.slot_digest(vm, "b") != other
    assert slot_status(vm, "b") == "slot-empty"
    dry_run_of_once(vm)
    assert product.slot_digest(vm, "a") == image
    only_slot(lab, vm)
    checks.disk_io(vm)
    checks.processors(vm)


def dry_run_of_once(vm):
    """A file system in use is an obstacle to golden images only; the machine stays on."""
    scratch.mount(vm)
    scratch.start_appender(vm)
    checks.refused(vm, ["fs-writable"], errno.EBUSY, "test:gates")
    for level in ("gates", "write"):
        dry_run(vm, level, "once")
        scratch.keeps_growing(vm)
    scratch.stop_appender(vm)
    scratch.count(vm)
    scratch.unmount(vm)


def relayout(lab, vm, *options):
    """Write another area header, which `prepare` made in a file of the same size."""
    model = lab.work / "model"
    host("truncate", "-s", f"{vm.machine.area_mib}M", model)
    host(FASTBOOTCTL, "prepare", "--yes", *options, model)
    vm.put("/tmp/header", model.read_bytes()[-4096:])
    vm.run(f"dd if=/tmp/header of={product.area_partition(vm)} bs=4k"
           f" seek={vm.machine.area_mib * 256 - 1} oflag=direct 2>/dev/null")
    model.unlink()


def only_slot(lab, vm):
    """With a single slot, a dry run that writes would overwrite the only image, and is refused."""
    relayout(lab, vm, "--slots", "1")
    vm.run("rmmod fastboot_snapshot && modprobe fastboot_snapshot")
    dry_run(vm, "write")
    checks.saved(vm, 1)
    image = product.slot_digest(vm, "a")
    checks.refused(vm, ["test-slot"], errno.EEXIST, "test:write")
    assert product.slot_digest(vm, "a") == image
    product.verify(vm, "a")
    assert product.write(vm, "invalidate").status == 0
    assert vm.state() == "idle"
    assert slot_status(vm, "a") == "slot-empty"
    dry_run(vm, "write")


def test_two_golden_images(lab):
    """They take turns in the slots; the older one can be asked for, and is the fallback."""
    vm = lab.ready(SMALL, options="slot=a")
    for generation, mark in enumerate(("first", "second", "third"), 1):
        take(vm, mark, generation)
    slots = product.status(vm)["slots"]
    assert [slots[slot]["generation"] for slot in "ab"] == [3, 2]
    assert product.attribute(vm, "mode") == "golden"
    take(vm, "fourth", 4)
    vm.power_off()

    vm = lab.again(vm).start()
    is_restored(vm, "third", 3, restores=1)
    install_loader(vm, options="")
    vm.reset()
    is_restored(vm, "fourth", 4, restores=1)
    product.fastbootctl(vm, "mark-good")
    assert product.status(vm)["slots"]["b"]["attempts"] == 0
    quarantine(vm)


def quarantine(vm):
    """After three attempts that nobody calls good, the older image is restored."""
    for _ in range(3):
        reset(vm)
        vm.wait_console(RESTORING + " slot B generation 4")
    reset(vm)
    vm.wait_console("fastboot: slot B passed over: slot-quarantined: ")
    is_restored(vm, "third", 3, restores=2)
    product.remount_efivars(vm)
    result = vm.last_result()
    assert result["result"] == "restored" and result["slot"] == "a"
    assert (result["passed"], result["passed_code"]) == ("b", "slot-quarantined")
    assert product.status(vm)["slots"]["b"]["usable"] == "slot-quarantined"
    forget(vm)


def forget(vm):
    """Invalidated images are gone for the loader, too."""
    assert product.write(vm, "invalidate a").status == 0
    assert vm.state() == "idle"
    assert slot_status(vm, "a") == "slot-empty"
    product.fastbootctl(vm, "invalidate", "--slot", "b", "--yes")
    reset(vm)
    checks.normal_boot_after_refusal(vm, "slot-empty")


# One-shot images.

@pytest.fixture(scope="module")
def once(module_lab):
    """A machine that is off, with a one-shot image taken while it wrote to a file system."""
    vm = module_lab.booted(SMALL)
    install_loader(vm, options=SMALL.loader)
    scratch.mount(vm)
    scratch.start_appender(vm)
    vm.run("modprobe fastboot_snapshot")
    facts = checks.leave_traces(vm)
    facts["count"] = scratch.count(vm)
    vm.begin(f"echo once >{SNAPSHOT}", GOLDEN)
    vm.wait_console("fastboot: saved as a one-shot image, powering off: generation 1")
    vm.wait_power_off(30)
    return Golden.of(vm, facts)


def data_is_kept(vm, at_least):
    """After a normal boot, the journal is replayed and the file has all that was synced."""
    scratch.mount(vm)
    assert scratch.count(vm, cut=True) >= at_least
    scratch.unmount(vm)


def continues(vm, once):
    """The machine continues where it was: its writer keeps writing, and nothing is missing."""
    checks.restored_state(vm)
    scratch.keeps_growing(vm)
    count = scratch.count(vm)
    assert count > once.facts["count"]
    return count


def test_once(lab, once):
    """Restored once, with all its data; after a power cut, data that was written since is kept."""
    vm = lab.copy(once).start()
    assert checks.outcome(vm, once.facts) == "restored"
    continues(vm, once)
    assert product.attribute(vm, "mode") == "once"
    assert product.attribute(vm, "attempts") == "1"
    assert product.status(vm)["slots"]["a"]["usable"] == "slot-consumed"
    checks.processors(vm)
    checks.clock(vm)
    checks.efi_variables(vm, "Once")
    vm.run(f"echo later >{scratch.MOUNT}/later")
    scratch.stop_appender(vm)
    count = scratch.count(vm)
    scratch.start_appender(vm, count)
    vm.kill()

    vm = lab.again(vm).start()
    checks.normal_boot_after_refusal(vm, "slot-consumed")
    data_is_kept(vm, count)
    scratch.mount(vm, "ro")
    assert vm.run(f"cat {scratch.MOUNT}/later").output == "later"
    scratch.unmount(vm)
    vm.power_off()
    scratch.check_from_outside(vm, lab.work / "checked.raw")


def test_once_unmounts_cleanly(lab, once):
    """The file system that was in use across the restore is sound."""
    vm = lab.at_entry(once).start()
    assert checks.outcome(vm, once.facts) == "restored"
    continues(vm, once)
    scratch.stop_appender(vm)
    scratch.unmount(vm)
    vm.power_off()
    scratch.check_from_outside(vm, lab.work / "checked.raw")


# The loader reads the whole image, writes once, and enters it.
MOMENTS = [
    pytest.param(READING, id="reading", marks=pytest.mark.full),
    pytest.param("fastboot: 75 %", id="read"),
    pytest.param(WRITE, id="write", marks=pytest.mark.full),
    pytest.param(RESTORING, id="entered"),
]


@pytest.mark.parametrize("moment", MOMENTS)
def test_power_cut_around_consumption(lab, once, moment):
    """Either restored at the next power-on, or consumed and followed by a normal boot."""
    vm = lab.at_entry(once).start()
    wait_for_moment(vm, moment, VM.wait_console)
    vm.kill()
    entered = bool(vm.console.first(RESTORING))
    assert entered or moment != RESTORING

    vm = lab.at_entry(once, after=vm).start()
    outcome = checks.outcome(vm, once.facts)
    if outcome == "restored":
        assert not entered
        continues(vm, once)
    else:
        assert outcome == "slot-consumed"
        vm.wait_shell()
        data_is_kept(vm, once.facts["count"])


def test_once_is_refused_after_a_mount(lab, once):
    """A rescue system has mounted and written the file system: what it wrote is kept."""
    vm = lab.copy(once)
    rescue = vm.variables.with_name("rescue.fd")
    shutil.copy(OVMF_VARS, rescue)  # without our boot entry, so that the normal system starts
    rescue = lab.own(VM(vm.machine, vm.disk, rescue, lab.log_dir)).start()
    rescue.wait_shell()
    scratch.mount(rescue)
    rescue.run(f"echo rescued >{scratch.MOUNT}/rescued")
    count = scratch.count(rescue, cut=True)
    assert count >= once.facts["count"]
    scratch.unmount(rescue)
    rescue.power_off()

    vm.start()
    result = checks.normal_boot_after_refusal(vm, "fs-changed")
    assert result["partition"] == disk.PARTUUID["scratch"]
    scratch.mount(vm)
    assert vm.run(f"cat {scratch.MOUNT}/rescued").output == "rescued"
    assert scratch.count(vm, cut=True) == count
    scratch.unmount(vm)
