# SPDX-License-Identifier: GPL-2.0-or-later
"""Crashes of a restored system: back to the golden state, but not forever."""

import pytest

from harness import checks, product, restores
from harness.golden import take_snapshot
from harness.machines import SMALL
from harness.vm import RESTORING

# A process in the image that crashes every restored system as long as a byte of the scratch
# partition says so.  That byte is outside the image so that the test can change it.
SWITCH, SECTOR = "/dev/vda3", 8192
WATCHER = (f"while :; do [ \"$(dd if={SWITCH} bs=512 skip={SECTOR} count=1 iflag=direct 2>/dev/null"
           " | head -c 1)\" = P ] && grep -q ^restored /sys/power/fastboot_snapshot"
           " && echo c >/proc/sysrq-trigger; sleep 0.1; done")


def turning(letter):
    return (f"printf {letter} | dd of={SWITCH} bs=512 seek={SECTOR} count=1 conv=sync"
            " oflag=direct 2>/dev/null")


def turn(vm, letter):
    vm.run(turning(letter))


@pytest.fixture
def vm(lab):
    """A restored machine that resets itself one second after a panic."""
    vm = lab.ready(SMALL)
    vm.run("echo 1 >/proc/sys/kernel/panic")
    turn(vm, "-")
    vm.run(f"({WATCHER}) </dev/null >/dev/null 2>&1 &")
    checks.start_counter(vm)
    vm.run("echo kept >/tmp/state")
    take_snapshot(vm)
    vm.power_off()
    return lab.again(vm).start()


def is_golden(vm, restores, attempts):
    vm.wait_restored()
    checks.restored_state(vm, restores=restores)
    assert product.attribute(vm, "attempts") == str(attempts)
    assert product.status(vm)["slots"]["a"]["attempts"] == attempts
    assert vm.run("cat /tmp/state").output == "kept"
    checks.keeps_running(vm)


@pytest.mark.trouble_expected("Kernel panic - not syncing: sysrq triggered crash")
@pytest.mark.trouble_expected("Call Trace")
def test_crash_loop(lab, vm):
    """A crash brings the golden state back in seconds; three crashes bring a normal boot."""
    is_golden(vm, restores=1, attempts=1)
    product.fastbootctl(vm, "mark-good")
    assert product.status(vm)["slots"]["a"]["attempts"] == 0
    vm.run("echo lost >/tmp/state; echo new >/tmp/after")

    restores.crash(vm)
    is_golden(vm, restores=2, attempts=1)
    vm.run("[ ! -e /tmp/after ]")

    vm.end(turning("P"), restores.PANIC)
    for _ in range(2):  # the two systems restored after this one
        vm.wait_console(restores.PANIC)
    checks.normal_boot_after_refusal(vm, "slot-quarantined")
    assert len([line for _, line in vm.console.lines if RESTORING in line]) == 4
    is_restored_when_called_good(vm)


def is_restored_when_called_good(vm):
    slot = product.status(vm)["slots"]["a"]
    assert (slot["usable"], slot["attempts"], slot["restores"]) == ("slot-quarantined", 3, 4)
    assert "slot-quarantined" in product.fastbootctl(vm, "status").output
    turn(vm, "-")
    product.fastbootctl(vm, "mark-good", "--slot", "a")
    assert product.status(vm)["slots"]["a"]["usable"] == "ok"
    vm.reset()
    is_golden(vm, restores=5, attempts=1)
    checks.whole_machine(vm, "Good", firmware_starts=6)
