# SPDX-License-Identifier: GPL-2.0-or-later
"""One image, restored again and again, with work, crashes, power cuts and normal boots between.

FASTBOOT_SOAK is the number of rounds (make soak N=200), FASTBOOT_SOAK_SEED repeats a run.  The
image knows the data's partition only by a program that holds it open, and has a second file system
mounted.  After each round, whatever it did, the data's file system is sound, everything synced is
there to the last bit, and the second file system is unchanged; in each restored machine the memory
is that of the image.
"""

import collections
import hashlib
import os
import random
import time

import pytest

from harness import checks, disk, images, machines, restores, scratch

ROUNDS = int(os.environ.get("FASTBOOT_SOAK", 20))
SEED = int(os.environ.get("FASTBOOT_SOAK_SEED", time.time_ns() % 1_000_000))

MACHINE = machines.SMALL.changed(name="tiny-soak", file_systems=("ext4",))
# The loader refuses to restore on this machine, so that it boots normally.
STRANGER = MACHINE.changed(uuid="7a1c5e0b-94d2-4f36-8b7e-2d90c3f1a6ff")
DATA, KNOWN = MACHINE.partition(disk.SCRATCH), "/dev/vda4"
MOST_FILES = 24

# How a round ends, and how often.
ENDINGS = {"clean shutdown": 4, "power cut": 4, "panic": 2, "reset": 2,
           "power cut at the restore": 2, "normal boot": 1}


def prepare(vm):
    vm.run(f"mkdir -p /mnt /known && mount -t ext4 -o ro {KNOWN} /known && cat {DATA} >/dev/null")
    checks.believe(vm, f"read {DATA}")
    checks.keep_caches(vm)
    vm.run("echo 1 >/proc/sys/kernel/panic")
    return checks.leave_traces(vm)


class Soak:
    """The disk during the rounds, and what must be on it."""

    def __init__(self, lab, golden):
        self.lab, self.golden = lab, golden
        self.random = None      # a new one each round, so that timing does not change later rounds
        self.synced = {}        # name: SHA-256
        self.restores = 0       # as counted on the disk
        self.attempts = 0       # since the image was called good
        self.files = 0
        self.mounted = False    # when the machine ended; then the journal must be replayed
        self.vm = None          # of the previous round; it runs only after a panic or a reset
        self.known = None
        self.count = collections.Counter()

    def bring_up(self, machine=MACHINE):
        """The machine, starting; after a panic or a reset it does so by itself."""
        if self.vm and self.vm.running():
            return self.vm
        if machine is MACHINE:
            self.vm = self.lab.at_entry(self.golden, after=self.vm)
        else:
            self.vm = self.lab.again(self.vm, machine)
        return self.vm.start()

    def restored(self):
        vm = self.bring_up()
        assert checks.outcome(vm, self.golden.facts) == "restored"
        self.restores += 1
        self.attempts += 1
        checks.restored_state(vm, restores=self.restores)
        if self.attempts == 3 or self.random.random() < 0.5:  # a fourth attempt would be refused
            vm.run("fastbootctl mark-good")
            self.attempts = 0
        return vm

    def look(self, vm):
        """All files that were synced are there, unchanged."""
        found = dict(reversed(line.split()) for line in
                     vm.run("cd /mnt; for f in k*; do [ ! -e $f ] || sha256sum $f; done; cd /")
                     .output.splitlines())
        assert found == self.synced

    def work(self, vm):
        """A session: check, write, delete and sync files."""
        vm.run(f"mount -t ext4 {DATA} /mnt")
        self.mounted = True
        self.look(vm)
        vm.run("rm -f /mnt/unsynced*")
        for _ in range(self.random.randint(1, 5)):
            self.files += 1
            name, size = f"k{self.files}", self.random.randint(1, 400_000)
            self.synced[name] = vm.run(
                f"head -c {size} /dev/urandom >/mnt/{name} && sha256sum </mnt/{name}"
            ).output.split()[0]
        while len(self.synced) > MOST_FILES:
            name = self.random.choice(list(self.synced))
            del self.synced[name]
            vm.run(f"rm /mnt/{name}")
        vm.run("sync")

    def write_on(self, vm):
        """Keep writing unsynced files until the machine ends, after a random time."""
        vm.run("(while :; do i=$((i+1)); head -c 100000 /dev/urandom >/mnt/unsynced$((i % 9));"
               " done) </dev/null >/dev/null 2>&1 &")
        time.sleep(self.random.random())

    def put_away(self, vm):
        vm.run("umount /mnt")
        self.mounted = False
        vm.power_off()

    def clean_shutdown(self):
        vm = self.restored()
        self.work(vm)
        self.put_away(vm)

    def power_cut(self):
        vm = self.restored()
        self.work(vm)
        self.write_on(vm)
        vm.kill()

    def power_cut_at_the_restore(self):
        if self.attempts > 1:  # otherwise the image might be quarantined
            return self.clean_shutdown()
        vm = self.bring_up()
        time.sleep(self.random.random() * 4)
        vm.kill()

    def panic(self):
        vm = self.restored()
        self.work(vm)
        self.write_on(vm)
        restores.crash(vm)

    def reset(self):
        vm = self.restored()
        self.work(vm)
        self.write_on(vm)
        vm.end("echo b >/proc/sysrq-trigger", "sysrq: Resetting")

    def normal_boot(self):
        if self.vm and self.vm.running():
            self.vm.kill()
        if not self.vm:
            self.clean_shutdown()
        vm = self.bring_up(STRANGER)
        checks.normal_boot(vm, "machine-id")
        vm.run(f"mkdir -p /mnt && mount -t ext4 -o ro {KNOWN} /mnt && umount /mnt")
        self.work(vm)
        if self.random.random() < 0.5:
            self.put_away(vm)
        else:
            self.write_on(vm)
            vm.kill()

    def check_from_outside(self):
        """The data's file system is sound, the one that the image knows is unchanged."""
        image = self.vm.disk.with_suffix(".part")
        scratch.check_from_outside(self.vm, image, self.mounted)
        disk.export_part(self.vm.disk, image, *disk.partition_extent(MACHINE, "ext4"))
        digest = hashlib.sha256(image.read_bytes()).hexdigest()
        assert self.known in (None, digest), "the file system of the image was written to"
        self.known = digest
        image.unlink()
        with images.area_of(MACHINE, self.vm.disk) as area:
            state = area.newest().state()
        assert state.restores - self.restores in (0, 1)
        self.restores, self.attempts = state.restores, state.attempts

    def round(self, number):
        self.random = random.Random(f"{SEED}:{number}")
        ending = self.random.choices(list(ENDINGS), list(ENDINGS.values()))[0]
        getattr(self, ending.replace(" ", "_"))()
        self.count[ending] += 1
        if not self.vm.running():
            self.check_from_outside()
        return ending


@pytest.fixture(scope="module")
def golden(goldens):
    return goldens(MACHINE, prepare)


@pytest.mark.full
@pytest.mark.trouble_expected("Kernel panic - not syncing: sysrq triggered crash")
@pytest.mark.trouble_expected("Call Trace")
def test_soak(lab, golden):
    soak = Soak(lab, golden)
    print(f"FASTBOOT_SOAK_SEED={SEED}")
    begun = time.monotonic()
    for number in range(1, ROUNDS + 1):
        try:
            ending = soak.round(number)
        except BaseException:
            print(f"round {number} failed; FASTBOOT_SOAK_SEED={SEED} repeats the run")
            raise
        print(f"round {number}: {ending}, {len(soak.synced)} files,"
              f" {(time.monotonic() - begun) / 60:.1f} min", flush=True)
    lab.note(rounds=ROUNDS, restores=soak.restores, seed=SEED,
             **{key.replace(" ", "_"): n for key, n in soak.count.items()})
