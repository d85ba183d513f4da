# SPDX-License-Identifier: GPL-2.0-or-later
"""What a restore costs in instructions, compared with an earlier count.

gate.efi (efi/tests/gate.c) restores a made-up image with the loader's own code, in a machine
whose clock counts instructions.  icount.json has an earlier count of each step;
FASTBOOT_RENEW_COUNTS=1 replaces it.
"""

import json
import os
import re
import shutil
import warnings

import pytest

from harness import disk, machines
from harness.paths import OVMF_VARS, QEMU_TESTS, host
from harness.vm import VM

REFERENCES = QEMU_TESTS / "icount.json"
RENEW = "FASTBOOT_RENEW_COUNTS"
MARGIN = 0.03
STEPS = ("hash", "decode", "place", "plan", "copy", "whole")
MACHINE = machines.Machine("icount", memory="512M", cpus=1, cpu="qemu64", counted=True)


def compiler():
    """The loader's compiler: counts differ between major versions, not between patch releases."""
    cc = os.environ.get("CC", "cc")
    return f"gcc {host(cc, '-dumpversion').split('.')[0].strip()}"


@pytest.fixture(scope="module")
def measured(module_lab):
    """(the image's facts, the numbers that gate.efi reports)."""
    module_lab.work.mkdir(parents=True)
    facts = disk.make_gate_disk(module_lab.work / "disk.raw")
    disk.make_overlay(module_lab.work / "disk.raw", module_lab.work / "disk.qcow2", "raw")
    shutil.copy(OVMF_VARS, module_lab.work / "variables.fd")
    vm = module_lab.own(VM(MACHINE, module_lab.work / "disk.qcow2",
                           module_lab.work / "variables.fd", module_lab.log_dir)).start()
    report = vm.wait_console(r"gate: ([^\r\n]+)\r").group(1)
    numbers = {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", report)}
    assert "digest" in numbers, report
    numbers.update((step, numbers[step] >> machines.COUNT_SHIFT) for step in STEPS)
    (module_lab.log_dir / "counts.json").write_text(json.dumps(numbers, indent=1) + "\n")
    vm.wait_power_off()
    return facts, numbers


def references(facts, numbers):
    """The earlier counts with this compiler; None if there are none."""
    kept = json.loads(REFERENCES.read_text())
    if os.environ.get(RENEW):
        # With another image, the counts of other compilers can no longer be compared.
        others = kept["counts"] if kept["image"] == facts["sha256"] else {}
        kept = {"image": facts["sha256"],
                "counts": {**others, compiler(): {step: numbers[step] for step in STEPS}}}
        REFERENCES.write_text(json.dumps(kept, indent=1) + "\n")
    assert facts["sha256"] == kept["image"], (
        "mkgate writes another image than the one that was counted, so counts cannot be compared;"
        f" if that is intended, {RENEW}=1 renews {REFERENCES.name}")
    return kept["counts"].get(compiler())


def test_pages_are_in_their_places(measured):
    """The counted code has really restored the image."""
    facts, numbers = measured
    assert numbers["pages"] == int(facts["pages"])
    assert numbers["digest"] == int(facts["digest"])
    assert 0 < numbers["staged"] < numbers["pages"] / 2


def test_secrets_are_wiped(measured):
    """Nothing of the handoff page stays in the page that it was staged in."""
    assert measured[1]["left"] == 0


def test_counts(measured):
    facts, numbers = measured
    before = references(facts, numbers)
    if before is None:
        pytest.skip(f"not counted with {compiler()} before: {RENEW}=1 keeps these counts")
    changes = {step: numbers[step] / before[step] - 1 for step in STEPS}
    lines = {step: f"{step}: {numbers[step]} instructions, {before[step]} before: {change:+.1%}"
             for step, change in changes.items()}
    more = [lines[step] for step in STEPS if changes[step] > MARGIN]
    less = [lines[step] for step in STEPS if changes[step] < -MARGIN]
    if less:
        warnings.warn("\n".join(less) + f"\n{RENEW}=1 keeps the gain in {REFERENCES.name}")
    assert not more, "\n".join(more) + (
        f"\nif the change is worth its price, {RENEW}=1 renews {REFERENCES.name}")
