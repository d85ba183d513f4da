#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The benchmark: one machine started in three ways, in turn, by stages, against a lower bound.

Times of an emulated machine on a shared host are noise: only ratios within one run count.
"""

import argparse
import sys
from pathlib import Path

from benchmark import report, scale, ways
from harness import guests, machines
from harness.paths import BUILD
from harness.vm import GuestError

ORDER = (*ways.WAYS, "probe")


def say(text):
    print(f">>> {text}", flush=True)


def measure_ways(rounds):
    stage = ways.Stage(say)
    stations = stage.build()
    runs = {name: [] for name in ORDER}
    for number in range(1, rounds + 1):
        for name in ORDER:
            runs[name].append(stage.run(stations[name]))
            say(f"round {number}, {name}: {runs[name][-1]['all']:.2f} s")
    cpus = ways.MACHINE.cpus
    return {"cpus": cpus, "rounds": runs, "capture": stage.capture,
            "kernel_write": stage.kernel_write,
            "summary": report.summarise(runs, stage.capture, stage.kernel_write, cpus)}


def measure_scale(rounds, sizes):
    points = []
    for cpus in (1, 2):
        for size in sizes:
            points.append(scale.measure(size, cpus, rounds))
            say("an image of {image_mib:.0f} MiB, {cpus} processors: loader {loader_s:.3f} s"
                .format(**points[-1]))
    return points


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-scale", action="store_true", help="one size of image only")
    parser.add_argument("--out", type=Path, default=BUILD / "bench", help="where JSON and chart go")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        result = {"host": report.machine(), "accelerator": machines.accelerator(),
                  **measure_ways(options.rounds), "scale": []}
        report.save(result, options.out / "bench.json")
        report.draw(result["summary"], options.out / "bench.svg")
        if not options.no_scale:
            result["scale"] = measure_scale(options.rounds, scale.SIZES)
            report.save(result, options.out / "bench.json")
    except (GuestError, guests.NotBuilt, TimeoutError) as error:
        sys.exit(f"bench: {error}\nthe consoles are in {ways.LOG_DIR} and {scale.LOG_DIR}")
    print(f"\nhost: {result['host']}; QEMU, {result['accelerator']}; figures and chart in"
          f" {options.out}")
    print("\n".join(report.text(result)))


if __name__ == "__main__":
    main()
