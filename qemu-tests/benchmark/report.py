# SPDX-License-Identifier: GPL-2.0-or-later
"""The results of a benchmark run: ratios, tables, JSON, a chart."""

import json
import statistics
import subprocess

from harness.paths import host

from . import scale, ways

# (name, from, to) of the fast boot's stages.  From and to are figures of the module, in
# microseconds since the loader was entered.
STAGES = (
    ("discover: area and headers", None, "loader_found_us"),
    ("sections", "loader_found_us", "loader_meta_us"),
    ("checks of the machine and its disks", "loader_meta_us", "loader_decided_us"),
    ("claim memory", "loader_decided_us", "loader_claimed_us"),
    ("read, verify, decode, place", "loader_claimed_us", "loader_decoded_us"),
    ("record the attempt", "loader_decoded_us", "loader_recorded_us"),
    ("exit boot services", "loader_recorded_us", "loader_exit_us"),
    ("runtime services", "loader_exit_us", "loader_runtime_us"),
    ("copy what was staged, jump", "loader_runtime_us", "loader_jump_us"),
)
PROBED = "read, verify, decode, place"


def median(values):
    return statistics.median(list(values))


def loader_seconds(figures):
    """From the loader's entry to the jump, without the probe."""
    return (figures["loader_jump_us"] - figures.get("probe_us", 0)) / 1e6


def bound_seconds(figures):
    """The least time for reading, verifying and decoding, by the probe of the same boot."""
    compute = (figures["probe_verify_us"] + figures["probe_decode_us"]) / figures["loader_workers"]
    return max(figures["probe_read_us"], compute) / 1e6


def stages(boot):
    """{stage: seconds} of one fast boot; they add up to its total."""
    figures = boot["figures"]
    spent = {name: (figures[to] - (figures[since] if since else 0)) / 1e6
             for name, since, to in STAGES}
    spent[PROBED] -= figures.get("probe_us", 0) / 1e6
    jump = figures["loader_jump_us"] / 1e6
    spent["restore devices"] = figures["kernel_us"] / 1e6
    spent["thaw"] = (figures["thawed_us"] - figures["kernel_us"]) / 1e6
    # The loader's first instruction follows the firmware's line on the console a little later.
    spent["first replies"] = boot["all"] - jump - figures["thawed_us"] / 1e6
    return spent


def capture_bound_ms(capture, cpus):
    """The raw time to compress on all processors, or to write, whichever is longer."""
    return max(capture["encode_ms"] / cpus, capture["raw_write_ms"])


def summarise(rounds, capture, kernel_write, cpus):
    total = {way: median(boot["all"] for boot in rounds[way]) for way in ways.WAYS}
    probes = [boot["figures"] for boot in rounds["probe"]]
    by_stage = [stages(boot) for boot in rounds["fast"]]
    return {
        "seconds": total,
        "stages": {name: median(spent[name] for spent in by_stage) for name in by_stage[0]},
        "loader_s": median(loader_seconds(figures) for figures in probes),
        "bound_s": median(bound_seconds(figures) for figures in probes),
        "ratios": {
            "cold": total["cold"] / total["fast"],
            "hibernate": total["hibernation"] / total["fast"],
            "loader_over_bound": median(loader_seconds(figures) / bound_seconds(figures)
                                        for figures in probes),
            "pause": kernel_write["seconds"] * 1000 / capture["pause_ms"],
            "write_over_bound": capture["write_ms"] / capture_bound_ms(capture, cpus),
            "pause_over_bound": capture["pause_ms"] / capture_bound_ms(capture, cpus),
        },
    }


def _ways_table(summary):
    yield f"{'way up':44}{'seconds':>9}{'ratio':>8}"
    fast = summary["seconds"]["fast"]
    for way, seconds in summary["seconds"].items():
        yield f"{way:44}{seconds:9.2f}{seconds / fast:8.1f}"


def _stages_table(summary, rounds):
    work = [boot["figures"] for boot in rounds["fast"]]
    yield f"{'fast boot, stage':44}{'seconds':>9}"
    for name, seconds in summary["stages"].items():
        yield f"{name:44}{seconds:9.3f}"
        if name == PROBED:
            for step in ("read", "verify", "decode", "place"):
                spent = median(figures[f"work_{step}_us"] for figures in work) / 1e6
                yield f"{'    ' + step + ', all processors together':44}{spent:9.3f}"


def _bound_table(summary, rounds):
    probes = [boot["figures"] for boot in rounds["probe"]]
    yield f"{'bound, by the probe':44}{'seconds':>9}{'MiB/s':>8}"
    for step, size in (("read", "bytes_read"), ("verify", "bytes_read"),
                       ("decode", "probe_bytes_decoded")):
        spent = median(figures[f"probe_{step}_us"] for figures in probes) / 1e6
        rate = median(figures[size] for figures in probes) / spent / (1 << 20)
        yield f"{step + ', alone, one processor':44}{spent:9.3f}{rate:8.0f}"
    yield f"{'max(read, (verify + decode) / processors)':44}{summary['bound_s']:9.3f}"
    yield f"{'loader, entry to jump':44}{summary['loader_s']:9.3f}"


def _capture_table(capture, kernel_write, cpus):
    yield f"{'taking the image':44}{'seconds':>9}"
    rows = (("freeze", "freeze_ms"), ("free memory, devices, copy (the kernel)", "create_ms"),
            ("compress and write, until durable", "write_ms"),
            ("pause, freeze to thaw", "pause_ms"),
            ("compress alone, one processor", "encode_ms"),
            ("write as many bytes alone", "raw_write_ms"))
    for name, key in rows:
        yield f"{name:44}{capture[key] / 1000:9.3f}"
    yield f"{'the kernel hibernating: its image write':44}{kernel_write['seconds']:9.3f}"
    yield (f"memory of the module: {capture['memory'] / (1 << 20):.1f} MiB; image:"
           f" {capture['pages'] / 256:.0f} MiB in {capture['bytes'] / (1 << 20):.0f} MiB")


def _scale_table(points):
    yield f"{'saved MiB':>10}{'on disk':>9}{'cpus':>6}{'loader s':>10}{'s a GiB':>9}"
    for cpus in sorted({point["cpus"] for point in points}):
        some = [point for point in points if point["cpus"] == cpus]
        fixed, slope = scale.fit(some)
        for point in some:
            each = (point["loader_s"] - fixed) / (point["image_mib"] / 1024)
            yield (f"{point['image_mib']:10.0f}{point['stored_mib']:9}{cpus:6}"
                   f"{point['loader_s']:10.3f}{each:9.3f}")
        yield (f"  {cpus} processors: fixed {fixed:.3f} s, {slope:.3f} s a GiB,"
               f" each size within {scale.deviation(some):.0%} of that")


def text(result):
    """The tables, line by line, and the last line."""
    summary, rounds = result["summary"], result["rounds"]
    yield ""
    yield from _ways_table(summary)
    yield ""
    yield from _stages_table(summary, rounds)
    yield ""
    yield from _bound_table(summary, rounds)
    yield ""
    yield from _capture_table(result["capture"], result["kernel_write"], result["cpus"])
    ratios = summary["ratios"]
    yield ("over the longer of compressing and writing alone:"
           f" write {ratios['write_over_bound']:.2f}, pause {ratios['pause_over_bound']:.2f}")
    if result["scale"]:
        yield ""
        yield from _scale_table(result["scale"])
    yield ""
    yield ("bench: cold_ratio={cold:.1f} hibernate_ratio={hibernate:.1f}"
           " loader_over_bound={loader_over_bound:.2f} pause_ratio={pause:.2f}".format(**ratios))


def _totals_plot(summary):
    seconds = summary["seconds"]
    rows = "\n".join(f'"{way}" {value:.3f}' for way, value in seconds.items())
    return f"""
set title "boot entry to the first replies of all services"
set yrange [0:*]
set ylabel "seconds"
set boxwidth 0.6
set style fill solid 0.8
unset key
$totals << EOD
{rows}
EOD
plot $totals using 0:2:xtic(1) with boxes lc rgb "#4477aa", \\
     $totals using 0:2:(sprintf("%.1f", $2)) with labels offset 0,0.7
"""


def _stages_plot(summary):
    """A bar for each stage, from top to bottom; each begins where the previous one ends."""
    at, rows = 0, []
    for row, (name, spent) in enumerate(summary["stages"].items()):
        spent = max(spent, 0)
        rows.append(f'"{name}" {-row} {at:.4f} {at + spent:.4f} {spent:.3f}')
        at += spent
    listing = "\n".join(rows)
    bound = summary["bound_s"]
    return f"""
set title "fast boot by stage, and the bound of the loader"
set xlabel "seconds since the boot entry was started"
unset ylabel
set xrange [0:{at * 1.15:.3f}]
set yrange [{-len(rows) - 1.1}:0.8]
$stages << EOD
{listing}
EOD
$bound << EOD
"bound" {-len(rows) - 0.4} 0 {bound:.4f} {bound:.3f}
EOD
plot $stages using 3:2:3:4:($2-0.35):($2+0.35):ytic(1) with boxxyerror lc rgb "#228833", \\
     $bound using 3:2:3:4:($2-0.35):($2+0.35):ytic(1) with boxxyerror lc rgb "#cc6677", \\
     $stages using 4:2:(sprintf(" %.3f", $5)) with labels left, \\
     $bound using 4:2:(sprintf(" %.3f", $5)) with labels left
"""


def draw(summary, path):
    """An SVG of the totals and of the fast boot's stages, by gnuplot."""
    script = (f'set terminal svg size 900,760 font "sans,12" background "white"\n'
              f'set output "{path}"\nset multiplot layout 2,1\n'
              + _totals_plot(summary) + "reset\nset style fill solid 0.8\nunset key\n"
              + _stages_plot(summary) + "unset multiplot\n")
    host("gnuplot", input=script)


def machine():
    """The host's processor, without which no figure means anything."""
    model = subprocess.run(["sh", "-c", "grep -m1 'model name' /proc/cpuinfo | cut -d: -f2"],
                           stdout=subprocess.PIPE, text=True, check=False).stdout.strip()
    return model or "unknown processor"


def save(result, path):
    path.write_text(json.dumps(result, indent=1) + "\n")
