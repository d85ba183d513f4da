# SPDX-License-Identifier: GPL-2.0-or-later
"""Restores step by step: images that carry a mark, moments of a restore, resets and crashes.

Images of one machine look alike.  A mark, a word in a file in memory, shows which of them
was restored.
"""

from . import checks
from .golden import take_snapshot
from .vm import RESTORING, VM
from .waiting import wait_until

MARK = "/tmp/mark"
PANIC = "Rebooting in 1 seconds"

# Moments of a restore; any other is a pattern of a line of the firmware or the loader.
READING = "fastboot: reading"
WRITE = "write"         # the only write of a restore: the attempt
ANSWERED = "restored"   # the shell that took the image has answered


def wait_for_moment(vm, moment, wait=VM.wait_firmware):
    """Wait until a restore has reached the moment: None, WRITE, ANSWERED, or a pattern of a line.

    None is power-on, so it has been reached.  wait(vm, pattern) waits for a line.
    """
    if moment == WRITE:
        wait_until(vm.writes, "the attempt is written", 60, pause=0)
    elif moment == ANSWERED:
        vm.wait_restored()
    elif moment:
        wait(vm, moment)


def take(vm, mark, generation):
    """Take a golden image that carries the mark and must become this generation.

    All images are taken by the one command whose end wait_restored waits for: a restored shell
    continues there.
    """
    vm.run(f"echo {mark} >{MARK}")
    take_snapshot(vm)
    assert vm.state() == f"saved generation={generation}"


def is_restored(vm, mark, generation, restores, slot=None):
    """Wait for the restore of the image with this mark; slot: the console must name it, too."""
    if slot:
        vm.wait_console(f"{RESTORING} slot {slot} generation {generation}")
    vm.wait_restored()
    checks.restored_state(vm, generation, restores)
    assert vm.run(f"cat {MARK}").output == f"{mark}"


def reset(vm):
    """Reset the machine; what is expected on its console next must arrive after this."""
    vm.console.drain()
    vm.reset()


def crash(vm):
    """Make the guest panic; returns when it says that it resets itself.

    Its kernel.panic must be 1.
    """
    vm.end("echo c >/proc/sysrq-trigger", PANIC)
