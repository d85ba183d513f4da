# SPDX-License-Identifier: GPL-2.0-or-later
"""report, the completions and the manuals; gates and snapshot where no module answers."""
import functools
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import xml.etree.ElementTree as ElementTree

import pytest

from test_cli import ctl, efi_variable, refused

TOOLS = pathlib.Path(__file__).parent.parent
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


@pytest.fixture
def module(tmp_path):
    """A /sys below a root of its own; returns a function that has the module say something."""
    power = tmp_path / "root/sys/power"
    (power / "fastboot").mkdir(parents=True)
    (tmp_path / "efivars").mkdir()

    def say(state, timings=()):
        (power / "fastboot_snapshot").write_text(f"{state}\n")
        (power / "fastboot/timings").write_text(
            "".join(f"{key}={value}\n" for key, value in dict(timings).items()))
        return {"FASTBOOTCTL_ROOT": str(tmp_path / "root"),
                "EFIVARFS_PATH": f"{tmp_path}/efivars/"}
    return say


# report

def test_report_of_a_restore(module):
    env = module("restored generation=3 restores=7", RESTORED)
    out, _ = ctl("report", env=env)
    assert "generation 3, restore 7" in out
    assert re.search(r"^loader  read, verify, decode, place +0\.443 s +0\.476 s$", out, re.M)
    assert re.search(r"^loader  copy the rest, jump +0\.012 s +0\.512 s$", out, re.M)
    assert re.search(r"^kernel  restore devices +0\.700 s +1\.212 s$", out, re.M)
    assert re.search(r"^kernel  thaw tasks +0\.100 s +1\.312 s$", out, re.M)
    assert re.search(r"^in all +1\.312 s$", out, re.M)
    assert "runtime services" not in out, "a stage that did not happen"
    assert "61.0 MiB were read for 245 MiB of memory; processors at work: 2" in out
    assert "probe" not in out and "loader said" not in out


def test_report_in_json(module):
    env = module("restored generation=3 restores=7", RESTORED)
    told = json.loads(ctl("report", "--json", env=env)[0])
    assert (told["of"], told["loaded"], told["generation"], told["restores"]) == \
        ("restore", True, 3, 7)
    assert told["timings"] == {**RESTORED, "svam_status": "0"}
    ends = [stage["start_us"] + stage["took_us"] for stage in told["stages"]]
    assert [stage["start_us"] for stage in told["stages"]] == [0, *ends[:-1]], "a gap"
    assert ends[-1] == RESTORED["loader_jump_us"] + RESTORED["thawed_us"]
    assert "loader_result" not in told


def test_report_tells_the_probe(module):
    env = module("restored generation=3 restores=7", {**RESTORED, "probe_us": 250000})
    assert "0.250 s of it went into the loader's option probe" in ctl("report", env=env)[0]


def test_report_of_a_snapshot(module):
    env = module("saved generation=3", SAVED)
    out, _ = ctl("report", env=env)
    assert "The last snapshot: generation 3" in out
    assert re.search(r"^kernel  compress and write +3\.800 s +4\.720 s$", out, re.M)
    assert re.search(r"^kernel  resume devices, thaw tasks +0\.080 s +4\.800 s$", out, re.M)
    assert "245 MiB of memory were stored in 61.0 MiB (24 %)" in out
    assert "left nothing" in out
    told = json.loads(ctl("report", "--json", env=env)[0])
    assert told["of"] == "snapshot" and "restores" not in told
    assert sum(stage["took_us"] for stage in told["stages"]) == 4800000


def test_report_of_parts_that_are_longer_than_the_whole(module):
    """Each is rounded on its own."""
    env = module("saved generation=3", {**SAVED, "pause_ms": 4719})
    out, _ = ctl("report", env=env)
    assert re.search(r"^kernel  resume devices, thaw tasks +0\.000 s +4\.720 s$", out, re.M)


def test_report_when_the_loader_cannot_be_asked(module, tmp_path):
    env = module("saved generation=3", SAVED)
    (tmp_path / "root/sys/power/fastboot/loader_result").mkdir()
    refused("open-failed", "report", status=3, env=env)


@pytest.mark.parametrize("loaded", [True, False])
def test_report_of_a_normal_start(module, tmp_path, loaded):
    env = module("idle")
    if not loaded:
        (tmp_path / "root/sys/power/fastboot_snapshot").unlink()
        (tmp_path / "root/sys/power/fastboot/timings").unlink()
    out, _ = ctl("report", env=env)
    assert "was no restore" in out and ("not loaded" in out) == (not loaded)
    assert "The loader has left nothing" in out
    efi_variable(tmp_path / "efivars", "FastbootLastResult",
                 "8ac4f28e-6d6f-4bd2-9e59-1a1cf66f2b35", b"result=refused\ncode=fs-changed\n")
    out, _ = ctl("report", env=env)
    assert "  result=refused\n  code=fs-changed\n" in out
    told = json.loads(ctl("report", "--json", env=env)[0])
    assert told == {"of": "none", "loaded": loaded,
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
    stages = json.loads(ctl("report", "--json", env=env)[0])["stages"]
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert all(f"{stage['part']}: {stage['stage']}" in texts for stage in stages)


def test_report_cannot_draw(module, tmp_path):
    env = module("saved generation=3", SAVED)
    refused("output-failed", "report", "--svg", tmp_path / "no/such.svg", status=3, env=env)
    refused("output-failed", "report", "--svg", "/dev/full", status=3, env=env)


def test_gates_in_json(module, tmp_path):
    """The module's file is one that takes no command; what it wrote before is read."""
    env = module("idle")
    (tmp_path / "root/sys/power/fastboot_snapshot").unlink()
    (tmp_path / "root/sys/power/fastboot_snapshot").symlink_to("/dev/full")
    refusal = tmp_path / "root/sys/power/fastboot/last_refusal"
    refusal.write_text("fs-writable: a disk: mounted\n    /dev/vda3 \033\n    vdb1\n"
                       "    what to do: unmount it\nbusy: under way\n    what to do: wait\n")
    told = json.loads(ctl("gates", "--json", "--once", status=1, env=env)[0])
    assert told == {"kind": "once", "obstacles": [
        {"code": "fs-writable", "sentence": "a disk: mounted", "details": ["/dev/vda3 ?", "vdb1"],
         "advice": "unmount it"},
        {"code": "busy", "sentence": "under way", "details": [], "advice": "wait"}],
        "error": told["error"]}
    assert told["error"]["code"] == "obstacles"


@pytest.fixture
def tmpfs():
    """A folder of the host's own tmpfs, which is empty but for what a test puts there."""
    used = shutil.disk_usage("/dev/shm").used
    if used > 32 << 20:
        pytest.skip("/dev/shm is not empty here")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as path:
        yield pathlib.Path(path)


def test_gates_names_what_is_in_memory(module, tmp_path, tmpfs):
    """Once, however often it is mounted; a little is not worth a word."""
    env = module("idle")
    (tmp_path / "root/proc/self").mkdir(parents=True)
    (tmp_path / "root/proc/self/mounts").write_text(
        "tmpfs /dev/shm tmpfs rw 0 0\n" f"tmpfs {tmpfs} tmpfs rw 0 0\nproc /proc proc rw 0 0\n")
    (tmpfs / "small").write_bytes(bytes(8 << 20))
    assert "in memory" not in ctl("gates", status=0, env=env)[1]
    (tmpfs / "large").write_bytes(bytes(96 << 20))
    said = ctl("gates", status=0, env=env)[1]
    mib = re.findall(r"/dev/shm is in memory: its (\d+) MiB are in each image", said)
    assert len(mib) == said.count("in memory") == 1 and 100 <= int(mib[0]) < 140


def test_gates_compares_clock_and_rtc(module, tmp_path):
    """A difference comes back at each restore, unless the clock is set from the RTC then."""
    env = module("idle")
    rtc = tmp_path / "root/sys/class/rtc/rtc0/since_epoch"
    assert "RTC" not in ctl("gates", status=0, env=env)[1]
    rtc.parent.mkdir(parents=True)
    for off, words in ((0, None), (-10800, "ahead of the RTC"), (3600, "behind the RTC")):
        rtc.write_text(f"{int(time.time()) + off}\n")
        said = ctl("gates", status=0, env=env)[1]
        assert words in said if words else "RTC" not in said
        if words:
            assert abs(int(re.search(r"is (\d+) s", said)[1]) - abs(off)) <= 2
    parameter = tmp_path / "root/sys/module/fastboot_snapshot/parameters/rtc_is_utc"
    parameter.parent.mkdir(parents=True)
    parameter.write_text("Y\n")
    assert "RTC" not in ctl("gates", status=0, env=env)[1]


@pytest.mark.parametrize("args", [
    ("gates", "golden"), ("snapshot",), ("snapshot", "silver"), ("snapshot", "golden", "a", "b"),
    ("snapshot", "golden", "x" * 128), ("snapshot", "golden", "a\nb"),
    ("snapshot", "golden", "\x7f"), ("snapshot", "golden", "\udcc3("), ("report", "--svg"),
    ("report", "x"), ("completion",), ("completion", "fish"), ("completion", "bash", "zsh"),
    ("completion", "bash", "--json"),
])
def test_usage(args):
    refused("usage", *args, status=2)


# What is made from the table of verbs.

@functools.cache
def table():
    """{verb: its options}, as help tells them."""
    verbs = re.findall(r"^  ([\w-]+) ", ctl("help")[0], re.M)
    assert {"prepare", "gates", "snapshot", "report", "help"} <= set(verbs)
    return {verb: re.findall(r"^  (--[a-z-]+)", ctl("help", verb)[0], re.M) for verb in verbs}


def test_help_fits_a_terminal():
    for verb in ["", *table()]:
        out, _ = ctl("help", *([verb] if verb else []))
        assert max(map(len, out.splitlines())) <= 100, verb


@functools.cache
def completion(shell):
    return ctl("completion", shell)[0]


def bash_completes(words):
    """What bash offers for the last of these words."""
    script = (completion("bash") +
              'COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))\n'
              "$(complete -p fastbootctl | sed 's/.*-F \\([^ ]*\\) .*/\\1/')\n"
              'printf "%s\\n" "${COMPREPLY[@]}"\n')
    done = subprocess.run(["bash", "-u", "-c", script, "bash", *words], capture_output=True,
                          text=True, timeout=30)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return [line for line in done.stdout.splitlines() if line]


def test_bash_completes_verbs_and_options():
    verbs = table()
    assert bash_completes(["fastbootctl", ""]) == list(verbs)
    assert bash_completes(["fastbootctl", "mark"]) == ["mark-good"]
    for verb, options in verbs.items():
        assert bash_completes(["fastbootctl", verb, "-"]) == options, verb


def test_bash_completes_values(tmp_path):
    def offered(*words):
        return bash_completes(["fastbootctl", *words])
    (tmp_path / "partition").touch()
    (tmp_path / "place").mkdir()
    start = str(tmp_path / "p")
    assert offered("inspect", "--slot", "") == ["a", "b"]
    assert offered("inspect", "--slot", "=", "b") == ["b"]
    assert offered("inspect", "--slot", "=") == ["a", "b"]
    assert offered("prepare", "--slots", "") == ["1", "2"]
    assert offered("prepare", "--label", "") == []
    assert offered("snapshot", "g") == ["golden"]
    assert offered("snapshot", "--yes", "") == ["golden", "once"]
    assert offered("snapshot", "golden", "") == []
    assert offered("completion", "") == ["bash", "zsh"]
    assert offered("help", "rep") == ["report"]
    assert sorted(offered("verify", "--slot", "a", start)) == [
        str(tmp_path / "partition"), str(tmp_path / "place")]
    assert offered("install", "--esp", start) == [str(tmp_path / "place")]
    assert offered("frobnicate", "") == []


def test_bash_completion_is_clean():
    script = ctl("completion", "bash")[0]
    assert subprocess.run(["bash", "-n"], input=script, text=True, timeout=30).returncode == 0


# zsh's own functions for completion are replaced by ones that print what they are given.
ZSH = r"""
emulate -R zsh
_describe() { print -l -- "${(@P)${@[-1]}}" }
_arguments() { print -l -- "$@" }
_fastbootctl() {
	eval "$(<$1)"
}
file=$1
shift
words=("$@") CURRENT=$#
_fastbootctl $file
"""


def zsh_completes(tmp_path, *words):
    script = tmp_path / "_fastbootctl"
    script.write_text(completion("zsh"))
    done = subprocess.run(["zsh", "-f", "-c", ZSH, "zsh", str(script), *words],
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout.splitlines()


def test_zsh_completes_verbs_and_options(tmp_path):
    assert ctl("completion", "zsh")[0].startswith("#compdef fastbootctl\n")
    verbs = table()
    assert [line.split(":")[0] for line in zsh_completes(tmp_path, "fastbootctl", "")] == \
        list(verbs)
    for verb, options in verbs.items():
        told = zsh_completes(tmp_path, "fastbootctl", verb, "")
        found = [re.match(r"--[a-z-]+", line)[0] for line in told if line.startswith("--")]
        assert found == options, verb


def test_zsh_completes_values(tmp_path):
    told = zsh_completes(tmp_path, "fastbootctl", "snapshot", "")
    assert ":golden|once:(golden once)" in told and "::TEXT: " in told
    assert any(line.startswith("--slot=[") and line.endswith("]:a|b:(a b)")
               for line in zsh_completes(tmp_path, "fastbootctl", "verify", ""))
    assert ":DEV:_files" in zsh_completes(tmp_path, "fastbootctl", "prepare", "")
    assert any(line.endswith(":DIR:_files -/")
               for line in zsh_completes(tmp_path, "fastbootctl", "uninstall", ""))


def sections(manual):
    """{verb: the text about it} of fastbootctl(8)."""
    text = (TOOLS / manual).read_text().replace("\\-", "-").replace("\\fR", "").replace("\\fI", "")
    verbs = text.split(".SH VERBS\n", 1)[1].split("\n.SH ", 1)[0]
    # A nested list is indented by .RS: what stands in it belongs to the verb before.
    parts, depth, name = {}, 0, None
    lines = verbs.splitlines()
    for before, line in zip(["", *lines], lines):
        depth += {".RS": 1, ".RE": -1}.get(line, 0)
        if before == ".TP" and depth == 0:
            name = line.replace('"', "").split()[1]
            parts[name] = ""
        elif name:
            parts[name] += line + "\n"
    return parts


def test_the_manual_tells_every_verb_and_option():
    """--json, which all have, it tells once."""
    manual = sections("fastbootctl.8")
    verbs = table()
    common = {"--json"}
    assert set(manual) == set(verbs)
    for verb, options in verbs.items():
        told = re.findall(r"^\.BI? (--[a-z-]+)", manual[verb], re.M)
        assert set(told) - common == set(options) - common, verb
    assert {verb for verb, options in verbs.items() if not common <= set(options)} == \
        {"completion", "help"}


MANUALS = sorted(page.name for page in TOOLS.glob("*.[1-9]"))


@pytest.mark.parametrize("page", MANUALS)
def test_manuals_are_well_formed(page):
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", str(TOOLS / page)],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and not done.stderr and not done.stdout, done.stderr
    assert page in (TOOLS / "Makefile").read_text(), "not installed"


def test_manuals_know_each_other():
    """Every page of ours that is named exists."""
    for page in MANUALS:
        text = (TOOLS / page).read_text().replace("\\-", "-")
        for name, section in re.findall(r"^\.BR (fastboot[a-z-]*) \((\d)\)", text, re.M):
            assert f"{name}.{section}" in MANUALS, (page, name, section)


def test_install_puts_manuals_and_completions_where_they_belong(tmp_path):
    subprocess.run(["make", "-s", "-C", TOOLS, "-o", "all", "install", f"DESTDIR={tmp_path}"],
                   check=True, timeout=60)
    share = tmp_path / "usr/share"
    for page in MANUALS:
        assert (share / f"man/man{page[-1]}" / page).is_file(), page
    for shell, place in (("bash", "bash-completion/completions/fastbootctl"),
                         ("zsh", "zsh/vendor-completions/_fastbootctl")):
        assert (share / place).read_text() == ctl("completion", shell)[0]
        assert (share / place).stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "etc/fastboot/snapshot.d").is_dir()


# docs/troubleshooting.md, whose text `make check` compares

def test_troubleshooting_has_every_code_once():
    top = TOOLS.parent
    rows = re.findall(r"^\| `([a-z0-9-]+)` \|", (top / "docs/troubleshooting.md").read_text(), re.M)
    codes = [code for table_ in ("imgfmt/include/imgfmt/reasons.h", "tools/src/base/fail.h")
             for code in re.findall(r'X\([\w, ]+,\s+"([a-z0-9-]+)",', (top / table_).read_text())]
    assert len(codes) > 90
    assert sorted(rows) == sorted(codes)
