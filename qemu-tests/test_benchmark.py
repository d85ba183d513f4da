# SPDX-License-Identifier: GPL-2.0-or-later
"""The benchmark's arithmetic, on invented figures: needs no machine."""

import xml.etree.ElementTree as ElementTree

import pytest

from benchmark import report, scale

FIGURES = {
    "loader_found_us": 10_000, "loader_meta_us": 15_000, "loader_decided_us": 25_000,
    "loader_claimed_us": 30_000, "loader_read_us": 300_000, "loader_decoded_us": 430_000,
    "loader_recorded_us": 440_000, "loader_exit_us": 450_000, "loader_runtime_us": 455_000,
    "loader_jump_us": 500_000, "kernel_us": 300_000, "thawed_us": 400_000, "loader_workers": 2,
    "bytes_read": 100 << 20, "work_read_us": 50_000, "work_verify_us": 100_000,
    "work_decode_us": 500_000, "work_place_us": 90_000}
PROBE = {
    "probe_read_us": 40_000, "probe_verify_us": 100_000, "probe_decode_us": 500_000,
    "probe_bytes_decoded": 300 << 20, "probe_us": 650_000}
CAPTURE = {
    "freeze_ms": 50, "create_ms": 450, "write_ms": 1300, "pause_ms": 2000, "encode_ms": 2000,
    "raw_write_ms": 800, "memory": 16 << 20, "pages": 70_000, "bytes": 100 << 20}


def probed():
    """The same restore, with a probe of 0.65 s after the claim."""
    late = {key: value + PROBE["probe_us"] for key, value in FIGURES.items()
            if key.startswith("loader_") and key.endswith("_us") and value > 30_000}
    return {**FIGURES, **late, **PROBE}


@pytest.fixture
def rounds():
    fast = [{"all": total, "figures": FIGURES} for total in (1.9, 2.0, 7.0)]
    return {"cold": [{"all": total} for total in (40.0, 50.0, 44.0)],
            "hibernation": [{"all": total} for total in (20.0, 24.0, 90.0)],
            "fast": fast, "probe": [{"all": 2.7, "figures": probed()}] * 3}


@pytest.fixture
def summary(rounds):
    return report.summarise(rounds, CAPTURE, {"kib": 1, "seconds": 5.0}, 2)


def test_stages_add_up(rounds):
    for boot in rounds["fast"] + rounds["probe"]:
        expected = boot["all"] - boot["figures"].get("probe_us", 0) / 1e6
        assert sum(report.stages(boot).values()) == pytest.approx(expected)


def test_probe_is_not_the_loaders_time():
    assert report.loader_seconds(probed()) == pytest.approx(report.loader_seconds(FIGURES))


def test_bound_is_the_slower_of_disk_and_processors():
    assert report.bound_seconds(probed()) == pytest.approx(0.3)
    assert report.bound_seconds({**probed(), "probe_read_us": 400_000}) == pytest.approx(0.4)
    assert report.bound_seconds({**probed(), "loader_workers": 1}) == pytest.approx(0.6)


def test_ratios_are_of_medians(summary):
    assert summary["ratios"]["cold"] == pytest.approx(44 / 2)
    assert summary["ratios"]["hibernate"] == pytest.approx(24 / 2)
    assert summary["ratios"]["loader_over_bound"] == pytest.approx(0.5 / 0.3)
    assert summary["ratios"]["pause"] == pytest.approx(2.5)
    assert summary["ratios"]["write_over_bound"] == pytest.approx(1.3)


def test_last_line(rounds, summary):
    lines = list(report.text({
        "summary": summary, "rounds": rounds, "capture": CAPTURE, "scale": [],
        "kernel_write": {"seconds": 5.0}, "cpus": 2}))
    assert lines[-1] == ("bench: cold_ratio=22.0 hibernate_ratio=12.0 loader_over_bound=1.67"
                         " pause_ratio=2.50")


def points(fixed, slope, sizes=(64, 256, 1024, 4096)):
    return [{"cpus": 2, "image_mib": size, "stored_mib": size // 3,
             "loader_s": fixed + slope * size / 1024} for size in sizes]


def test_line_is_found():
    assert scale.fit(points(0.2, 1.5)) == pytest.approx((0.2, 1.5))
    assert scale.deviation(points(0.2, 1.5)) == pytest.approx(0, abs=1e-6)


def test_nonlinear_growth_is_reported():
    bent = points(0.2, 1.5)
    bent[-1]["loader_s"] *= 2
    assert scale.deviation(bent) > 0.2


def test_chart_is_drawn(summary, tmp_path):
    chart = tmp_path / "bench.svg"
    report.draw(summary, chart)
    words = " ".join(ElementTree.parse(chart).getroot().itertext())
    for name in ("cold", "hibernation", "fast", *summary["stages"], "bound"):
        assert name in words
