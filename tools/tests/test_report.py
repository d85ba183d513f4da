# SPDX-License-Identifier: GPL-2.0-or-later
"""fastbootctl report."""
import re
import xml.etree.ElementTree as ElementTree

import pytest

from tool import ctl, efi_variable, json_of, refused

SVG = "{http://www.w3.org/2000/svg}"

RESTORED = {
    "loader_found_us": 18000, "loader_meta_us": 20000, "loader_decided_us": 32000,
    "loader_claimed_us": 33000, "loader_read_us": 470000, "loader_decoded_us": 476000,
    "loader_recorded_us": 488000, "loader_exit_us": 500000, "loader_runtime_us": 0,
    "loader_jump_us": 512000, "kernel_us": 700000, "thawed_us": 800000, "loader_workers": 2,
    "bytes_read": 61 << 20, "pages_direct": 60000, "pages_staged": 2720, "svam_status": 0,
    "rtc_behind_s": 0}
SAVED = {"freeze_ms": 20, "create_ms": 900, "write_ms": 3800, "pause_ms": 4800, "encode_ms": 6000,
         "disk_ms": 100, "memory": 12 << 20, "pages": 62720, "stored_pages": 50000,
         "bytes": 61 << 20, "ratio_percent": 24}


def test_report_of_a_restore_in_text(module):
    env = module("restored generation=3 restores=7", RESTORED)
    out, _ = ctl("report", env=env)
    assert "generation 3, restore 7" in out
    assert re.search(r"^loader  read, verify, decode, place +0\.443 s +0\.476 s$", out, re.M)
    assert re.search(r"^loader  copy the rest, jump +0\.012 s +0\.512 s$", out, re.M)
    assert re.search(r"^kernel  restore devices +0\.700 s +1\.212 s$", out, re.M)
    assert re.search(r"^kernel  thaw tasks +0\.100 s +1\.312 s$", out, re.M)
    assert re.search(r"^in all +1\.312 s$", out, re.M)
    assert "runtime services" not in out, "a stage that was skipped"
    assert re.search(r"61\.0 MiB .*245 MiB .*processors.* 2$", out, re.M)
    assert "probe" not in out


def test_report_in_json(module):
    env = module("restored generation=3 restores=7", RESTORED)
    answer = json_of("report", env=env)
    assert (answer["of"], answer["loaded"], answer["generation"], answer["restores"]) == \
        ("restore", True, 3, 7)
    assert answer["timings"] == {**RESTORED, "svam_status": "0"}
    ends = [stage["start_us"] + stage["took_us"] for stage in answer["stages"]]
    assert [stage["start_us"] for stage in answer["stages"]] == [0, *ends[:-1]], "a gap"
    assert ends[-1] == RESTORED["loader_jump_us"] + RESTORED["thawed_us"]
    assert "loader_result" not in answer


def test_report_shows_the_time_of_the_probe(module):
    env = module("restored generation=3 restores=7", {**RESTORED, "probe_us": 250000})
    assert re.search(r"0\.250 s .*probe", ctl("report", env=env)[0])
    assert json_of("report", env=env)["timings"]["probe_us"] == 250000


def test_report_of_a_snapshot(module):
    env = module("saved generation=3", SAVED)
    out, _ = ctl("report", env=env)
    assert "snapshot: generation 3" in out
    assert re.search(r"^kernel  compress and write +3\.800 s +4\.720 s$", out, re.M)
    assert re.search(r"^kernel  resume devices, thaw tasks +0\.080 s +4\.800 s$", out, re.M)
    assert re.search(r"245 MiB .*61\.0 MiB .*24 %", out)
    answer = json_of("report", env=env)
    assert "loader_result" not in answer
    assert answer["of"] == "snapshot" and "restores" not in answer
    assert sum(stage["took_us"] for stage in answer["stages"]) == 4800000


def test_report_of_parts_that_are_longer_than_the_whole(module):
    """Each part is rounded on its own."""
    env = module("saved generation=3", {**SAVED, "pause_ms": 4719})
    out, _ = ctl("report", env=env)
    assert re.search(r"^kernel  resume devices, thaw tasks +0\.000 s +4\.720 s$", out, re.M)


def test_report_when_the_loaders_result_cannot_be_read(module, tmp_path):
    env = module("saved generation=3", SAVED)
    (tmp_path / "root/sys/power/fastboot/loader_result").mkdir()
    refused("open-failed", "report", status=3, env=env)


@pytest.mark.parametrize("loaded", [True, False])
def test_report_of_a_normal_boot(module, tmp_path, loaded):
    env = module("idle")
    if not loaded:
        (tmp_path / "root/sys/power/fastboot_snapshot").unlink()
        (tmp_path / "root/sys/power/fastboot/timings").unlink()
    assert json_of("report", env=env) == {"of": "none", "loaded": loaded}
    efi_variable(tmp_path / "efivars", "FastbootLastResult",
                 "8ac4f28e-6d6f-4bd2-9e59-1a1cf66f2b35", b"result=refused\ncode=fs-changed\n")
    out, _ = ctl("report", env=env)
    assert "  result=refused\n  code=fs-changed\n" in out
    answer = json_of("report", env=env)
    assert answer == {"of": "none", "loaded": loaded,
                      "loader_result": {"result": "refused", "code": "fs-changed"}}
    refused("no-timings", "report", "--svg", tmp_path / "picture.svg", env=env)
    assert not (tmp_path / "picture.svg").exists()


@pytest.mark.parametrize("state, timings, parts", [
    ("restored generation=3 restores=7", RESTORED, 10), ("saved generation=3", SAVED, 4)])
def test_report_draws(module, tmp_path, state, timings, parts):
    picture = tmp_path / "picture.svg"
    env = module(state, timings)
    ctl("report", "--svg", picture, env=env)
    root = ElementTree.parse(picture).getroot()
    assert root.tag == f"{SVG}svg"
    bars = [rect for rect in root.iter(f"{SVG}rect") if rect.find(f"{SVG}title") is not None]
    assert len(bars) == parts
    at = 20.0
    for bar in bars:
        assert float(bar.get("x")) == pytest.approx(at, abs=0.02)
        at += float(bar.get("width"))
    assert at == pytest.approx(780, abs=0.1)
    height = float(root.get("height"))
    assert all(float(text.get("y")) < height for text in root.iter(f"{SVG}text"))
    stages = json_of("report", env=env)["stages"]
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert all(f"{stage['part']}: {stage['stage']}" in texts for stage in stages)


def test_report_cannot_draw(module, tmp_path):
    env = module("saved generation=3", SAVED)
    refused("output-failed", "report", "--svg", tmp_path / "no/such.svg", status=3, env=env)
    refused("output-failed", "report", "--svg", "/dev/full", status=3, env=env)
