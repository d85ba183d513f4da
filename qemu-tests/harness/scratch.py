# SPDX-License-Identifier: GPL-2.0-or-later
"""An ext4 with data on the scratch partition of a tiny guest; its row must ask for it.

A process keeps a file open and appends numbers to it, counting up: anything lost,
doubled or torn shows as a gap.
"""

from . import disk
from .paths import host

MOUNT = "/mnt"
LOG = f"{MOUNT}/numbers"
PID = "/tmp/appender.pid"
# It counts, and now and then syncs what it wrote.
APPENDER = ("while :; do i=$((i+1)); echo $i >&8;"
            " [ $((i % 20)) -ne 0 ] || sync; sleep 0.02; done")


def partition(vm):
    return vm.machine.partition(disk.SCRATCH)


def mount(vm, options="rw"):
    vm.run(f"mount -t ext4 -o {options} {partition(vm)} {MOUNT}")


def unmount(vm):
    vm.run(f"umount {MOUNT}")


def start_appender(vm, last=0):
    """Start the process; it continues after the last number."""
    vm.run(f"(i={last}; {APPENDER}) 8>>{LOG} </dev/null >/dev/null 2>&1 & echo $! >{PID}")
    keeps_growing(vm)


def stop_appender(vm):
    vm.run(f"kill $(cat {PID}); while kill -0 $(cat {PID}) 2>/dev/null; do :; done")


def keeps_growing(vm):
    """The process exists and its file grows."""
    vm.run(f": >>{LOG}; kill -0 $(cat {PID}) && n=$(wc -l <{LOG}) &&"
           f" until [ $(wc -l <{LOG}) -gt $n ]; do :; done", timeout=30)


def count(vm, cut=False):
    """The number of numbers in the file, which must have no gap.

    cut: after a power cut.  Then what was appended to a block after the last sync may be zeroes:
    ext4 can have committed the new size before it wrote the data (delayed allocation).
    """
    text = vm.run(f"sync; cat {LOG}").output
    if cut:
        text = text.rstrip("\0\n")
    numbers = text.split()
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)], text[-400:]
    return len(numbers)


def check_from_outside(vm, copy, cut=False):
    """e2fsck finds nothing to repair on the disk of a machine that is off.

    cut: after a power cut, so the journal is replayed first, on the copy.
    """
    disk.export_part(vm.disk, copy, *disk.partition_extent(vm.machine, "scratch"))
    if cut:
        host("sh", "-c", "e2fsck -p \"$0\" || [ $? = 1 ]", copy)
    host("e2fsck", "-f", "-n", copy)
    copy.unlink()
