# SPDX-License-Identifier: GPL-2.0-or-later
"""How the loader's time grows with the image: tiny guests, filled to a size."""

import shutil
import statistics
from dataclasses import dataclass

from harness import golden, machines, product
from harness.paths import LOGS, WORK

DIRECTORY = WORK / "bench-scale"
LOG_DIR = LOGS / "bench-scale"
MIB_A_PAGE = 1 / 256

# Files as they are on a disk: code, tables, text, some of it compressed.  Copies of a file are
# too far apart for LZ4, which looks back 64 KiB.
FILL = ("find /lib /bin /usr -type f -exec cat {{}} + >/fill/0;"
        " size=$(stat -c %s /fill/0); left=$(({bytes} - size)); n=1;"
        " while [ $left -gt $size ]; do cp /fill/0 /fill/$n; n=$((n + 1));"
        " left=$((left - size)); done; [ $left -le 0 ] || head -c $left /fill/0 >/fill/$n")


@dataclass(frozen=True)
class Size:
    image_mib: int
    memory: str
    area_mib: int


# The first is the guest with nothing added.
SIZES = (Size(64, "512M", 512), Size(256, "1G", 1024), Size(1024, "3G", 3072),
         Size(4096, "10G", 10240))


def _machine(size, cpus):
    return machines.TINY.changed(name=f"scale-{size.image_mib}-{cpus}", memory=size.memory,
                                 area_mib=size.area_mib, cpus=cpus, touched=True)


def _fill(vm, size):
    """Fill the guest until an image has about this size; a trial snapshot shows what is missing."""
    vm.run("mkdir -p /fill; mount -t tmpfs -o size=90% tmpfs /fill")
    golden.take_snapshot(vm)
    missing = size.image_mib - product.timings(vm)["pages"] * MIB_A_PAGE
    if missing > 1:
        vm.run(FILL.format(bytes=int(missing) << 20), timeout=900)
    return {}


def _restore(prepared, number):
    directory = DIRECTORY / "run"
    shutil.rmtree(directory, ignore_errors=True)
    with prepared.copy(directory, LOG_DIR / f"{prepared.machine.name}-{number}") as vm:
        vm.wait_restored(180)
        return product.timings(vm)


def measure(size, cpus, rounds):
    """{image_mib, cpus, loader_s, ...} of one size; loader_s is the median of the rounds."""
    machine = _machine(size, cpus)
    directory = DIRECTORY / machine.name
    prepared = golden.make_golden(machine, directory, LOG_DIR / machine.name,
                                  lambda vm: _fill(vm, size), generation=2)
    runs = [_restore(prepared, number) for number in range(rounds)]
    loader = statistics.median(run["loader_jump_us"] for run in runs) / 1e6
    pages = runs[0]["pages_direct"] + runs[0]["pages_staged"]
    shutil.rmtree(directory)
    return {"cpus": cpus, "image_mib": pages * MIB_A_PAGE,
            "stored_mib": runs[0]["bytes_read"] >> 20, "loader_s": loader}


def fit(points):
    """(fixed seconds, seconds per GiB) of the straight line with the least relative errors."""
    weights = [1 / point["loader_s"] ** 2 for point in points]
    xs = [point["image_mib"] / 1024 for point in points]
    ys = [point["loader_s"] for point in points]
    total = sum(weights)
    mean_x = sum(w * x for w, x in zip(weights, xs)) / total
    mean_y = sum(w * y for w, y in zip(weights, ys)) / total
    slope = (sum(w * (x - mean_x) * (y - mean_y) for w, x, y in zip(weights, xs, ys))
             / sum(w * (x - mean_x) ** 2 for w, x in zip(weights, xs)))
    return mean_y - slope * mean_x, slope


def deviation(points):
    """The greatest relative difference between a size's time per GiB and the common one.

    Both without the fixed part.
    """
    fixed, slope = fit(points)
    return max(abs((point["loader_s"] - fixed) / (point["image_mib"] / 1024) / slope - 1)
               for point in points)
