#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The main job before your eyes: cold boot, `echo golden`, power off, fast boot.

Shows the machine's console live.  In both boots PostgreSQL, Redis and nginx are
asked over the network until each has answered a real request.  The last line has
the seconds from the firmware's start of the boot entry to the last of these first
replies.
"""

import shutil
import sys
import time

from harness import disk, golden, guests, machines, probes
from harness.paths import LOGS, WORK
from harness.vm import VM, GuestError

DIRECTORY = WORK / "demo"
LOG_DIR = LOGS / "demo"
PATIENCE = 300


def styled(code, text):
    return f"\033[{code}m{text}\033[0m" if sys.stdout.isatty() else text


def say(text):
    print("\n" + styled(1, f">>> {text}"), flush=True)


class LiveView:
    """Prints console lines as they arrive, with the seconds since power-on."""

    def __init__(self):
        self.started = time.monotonic()

    def __call__(self, when, line):
        if line.strip():
            print(styled(2, f"{when - self.started:7.2f}  {line[:120]}"), flush=True)


def timed_boot(vm, ports):
    """Returns {event: seconds since power-on} of one boot, up to the last first reply."""
    replies = probes.FirstReplies(vm, ports).wait(PATIENCE)
    for name, seconds in sorted(replies.items(), key=lambda item: item[1]):
        say(f"{name} answers, {seconds:.1f} s after power-on")
    return {"entry": vm.entry_started(), "all": max(replies.values()), **replies}


def machine(view, ports):
    vm = VM(machines.DEBIAN, DIRECTORY / "golden.qcow2", DIRECTORY / "variables.fd", LOG_DIR,
            forwards=probes.forwards(ports), on_line=view)
    view.started = time.monotonic()
    return vm


def cold_boot_and_snapshot(view, ports):
    say("cold boot")
    with machine(view, ports) as vm:
        cold = timed_boot(vm, ports)
        vm.wait_shell()
        say("waiting until the boot has finished")
        golden.settle(vm)
        say("installing the loader and its boot entry, first in the boot order")
        print(golden.install_loader(vm).output)
        vm.run("modprobe fastboot_snapshot")
        probes.redis(ports["redis"], command="SET demo remembered", expect=b"+OK\r\n")
        say("echo golden > /sys/power/fastboot_snapshot")
        seconds = golden.take_snapshot(vm)
        print(f"{vm.state()}, {seconds:.1f} s")
        image = vm.run(f"fastbootctl status {vm.machine.partition(disk.AREA)}", check=False).output
        print(image)
        say("power off")
        vm.power_off()
    return cold


def fast_boot(view, ports):
    say("power on: fast boot")
    with machine(view, ports) as vm:
        fast = timed_boot(vm, ports)
        vm.wait_restored()
        probes.redis(ports["redis"], command="GET demo", expect=b"$10\r\nremembered\r\n")
        say(f"redis has its data; the module reports: {vm.state()}")
        print(vm.run("cat /sys/power/fastboot/timings", check=False).output)
    return fast


def table(cold, fast):
    rows = [("power-on to boot entry", "entry", None)]
    rows += [(f"power-on to first reply, {name}", name, None) for name in probes.PROBES]
    rows += [("power-on to first reply of all", "all", None),
             ("boot entry to first reply of all", "all", "entry")]
    print(f"\n{'seconds':36}{'cold':>8}{'fast':>8}{'ratio':>8}")
    for title, to, since in rows:
        slow, quick = (boot[to] - (boot[since] if since else 0) for boot in (cold, fast))
        print(f"{title:36}{slow:8.2f}{quick:8.2f}{slow / quick:8.1f}")
    return slow, quick


def main():
    view, ports = LiveView(), probes.free_ports()
    shutil.rmtree(LOG_DIR, ignore_errors=True)
    try:
        guests.ensure_product(machines.DEBIAN)
        say("building the disk, warming up the firmware")
        image, variables = golden.fresh_machine(machines.DEBIAN, DIRECTORY)
        golden.warm_up(machines.DEBIAN, image, variables, LOG_DIR)
        cold = cold_boot_and_snapshot(view, ports)
        fast = fast_boot(view, ports)
    except (GuestError, guests.NotBuilt, TimeoutError) as error:
        sys.exit(f"demo: {error}\nthe consoles are in {LOG_DIR}")
    slow, quick = table(cold, fast)
    print(f"\nmachine: QEMU, {machines.accelerator()}; consoles in {LOG_DIR}")
    print(f"demo: cold={slow:.2f} fast={quick:.2f} ratio={slow / quick:.1f}")


if __name__ == "__main__":
    main()
