# SPDX-License-Identifier: GPL-2.0-or-later
"""Three ways to start one machine: cold, from the kernel's own hibernation, fast.

All start from copies of one disk, and the system that hibernated is the one that the fast
boot restores: both continue with the same memory.  The time counts from the firmware's start of
the boot entry to the last of the services' first replies, as seen from outside.
"""

import shutil

from harness import checks, disk, golden, guests, machines, probes, product
from harness.paths import LOGS, WORK
from harness.vm import GOLDEN, VM, GuestError

DIRECTORY = WORK / "bench"
LOG_DIR = LOGS / "bench"
PATIENCE = 300
HIBERNATED = "hibernated"
WROTE = r"PM: hibernation: Wrote (\d+) kbytes in ([\d.]+) seconds"
WAYS = ("cold", "hibernation", "fast")

# TCG's "max" claims fast string instructions, so the kernel would clear and copy pages with
# them, but TCG executes them a byte at a time.
MACHINE = machines.DEBIAN.changed(
    name="bench", touched=True, area_mib=4096, swap_mib=1536, cpu="max,erms=off,fsrm=off",
    cmdline=f"overlayroot=tmpfs resume=PARTUUID={disk.PARTUUID['area']}")

# The page cache is the user's choice: it is dropped before the image is taken, then the services
# are used, so that what they need for an answer is read again; likewise before hibernation.
DROP = "sync; echo 3 >/proc/sys/vm/drop_caches"


class Station:
    """A disk and firmware variables from which machines can be started."""

    def __init__(self, name, image, variables):
        self.name, self.image, self.variables = name, image, variables
        self._runs = 0

    def machine(self, ports):
        self._runs += 1
        place = DIRECTORY / "runs"
        place.mkdir(parents=True, exist_ok=True)
        image, variables = place / "disk.qcow2", place / "variables.fd"
        image.unlink(missing_ok=True)
        disk.make_overlay(self.image, image)
        shutil.copy(self.variables, variables)
        return VM(MACHINE, image, variables, LOG_DIR / f"{self.name}-{self._runs}",
                  forwards=probes.forwards(ports))


def timed_boot(vm, ports):
    """Seconds from the start of the boot entry to the first replies, and to all of them."""
    replies = probes.FirstReplies(vm, ports).wait(PATIENCE)
    entry = vm.entry_started()
    seconds = {name: when - entry for name, when in replies.items()}
    return {"firmware": entry, "all": max(seconds.values()), **seconds}


def _use_services(ports):
    for _ in range(2):
        for name, probe in probes.PROBES.items():
            probe(ports[name])


def _raw_write_seconds(vm, size):
    """Seconds to write as many bytes to the other slot, in requests of 4 MiB."""
    offset, _ = product.slot_extents(vm)[1]
    count = -(-size // (4 << 20))
    spent = vm.run(
        f"s=$(date +%s%N); dd if=/dev/zero of={product.area_partition(vm)} bs=4M count={count}"
        f" seek={offset} oflag=direct,seek_bytes conv=notrunc,fsync 2>/dev/null;"
        " echo $(($(date +%s%N) - s))", timeout=180).output
    return int(spent) / 1e9


class Stage:
    """Builds the stations; the figures measured meanwhile are in .capture and .kernel_write."""

    def __init__(self, say):
        self.say = say
        self.ports = probes.free_ports()
        self.capture = {}       # the module's figures
        self.kernel_write = {}  # figures of the kernel's own hibernation

    def build(self):
        """{way: Station}, with "probe" for the fast boot that measures its bound as well."""
        shutil.rmtree(LOG_DIR, ignore_errors=True)
        guests.ensure_product(MACHINE)
        self.say("building the disk, warming up the firmware")
        image, variables = golden.fresh_machine(MACHINE, DIRECTORY)
        golden.warm_up(MACHINE, image, variables, LOG_DIR / "warm-up")
        base, base_variables = DIRECTORY / "base.qcow2", DIRECTORY / "base.fd"
        image.rename(base)
        shutil.copy(variables, base_variables)
        disk.make_overlay(base, image)
        self._take_golden(image, variables)
        hibernated = self._hibernate(image)
        return {"cold": Station("cold", base, base_variables),
                "hibernation": Station("hibernation", hibernated, base_variables),
                "fast": Station("fast", image, DIRECTORY / "fast.fd"),
                "probe": Station("probe", image, DIRECTORY / "probe.fd")}

    def _machine(self, image, variables, log):
        return VM(MACHINE, image, variables, LOG_DIR / log, forwards=probes.forwards(self.ports))

    def _take_golden(self, image, variables):
        self.say("cold boot, echo golden")
        with self._machine(image, variables, "golden") as vm:
            timed_boot(vm, self.ports)
            vm.wait_shell()
            golden.settle(vm)
            golden.install_loader(vm)
            vm.run("modprobe fastboot_snapshot")
            vm.run(DROP)
            _use_services(self.ports)
            golden.take_snapshot(vm)
            self.capture = product.timings(vm)
            shutil.copy(variables, DIRECTORY / "fast.fd")
            self.capture["raw_write_ms"] = int(
                1000 * _raw_write_seconds(vm, self.capture["bytes"]))
            golden.install_loader(vm, options="probe")
            vm.power_off()
            shutil.copy(variables, DIRECTORY / "probe.fd")

    def _hibernate(self, image):
        """The disk of the same system, which the kernel hibernated right after a fast boot."""
        self.say("the same system hibernates the kernel's own way")
        hibernated = DIRECTORY / "hibernated.qcow2"
        disk.make_overlay(image, hibernated)
        variables = DIRECTORY / "hibernate.fd"
        shutil.copy(DIRECTORY / "fast.fd", variables)
        with self._machine(hibernated, variables, "hibernate") as vm:
            timed_boot(vm, self.ports)
            vm.wait_restored()
            _use_services(self.ports)
            vm.run("rmmod fastboot_snapshot")  # it forbids hibernation beside a golden image
            vm.run(f"swapon {product.area_partition(vm)}")
            self.boot_id = checks.boot_id(vm)
            vm.begin("echo disk >/sys/power/state", HIBERNATED)
            vm.wait_power_off(300)
            wrote = vm.console.first(WROTE)
        if not wrote:
            raise GuestError(f"the kernel did not hibernate, see {LOG_DIR}/hibernate")
        self.kernel_write = {"kib": int(wrote[1][1]), "seconds": float(wrote[1][2])}
        return hibernated

    def run(self, station):
        """One boot: its times and, for a fast boot, the module's figures."""
        with station.machine(self.ports) as vm:
            result = timed_boot(vm, self.ports)
            if station.name == "hibernation":
                vm.finish(HIBERNATED, 60)
                if checks.boot_id(vm) != self.boot_id:
                    raise GuestError("the kernel booted instead of resuming")
            if station.name in ("fast", "probe"):
                vm.finish(GOLDEN, 60)
                result["figures"] = product.timings(vm)
        return result
