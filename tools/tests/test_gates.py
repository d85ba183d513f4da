# SPDX-License-Identifier: GPL-2.0-or-later
"""fastbootctl gates without a module that answers."""
import json
import pathlib
import re
import shutil
import tempfile
import time

import pytest

from tool import ctl, json_of


def test_gates_in_json(module, tmp_path):
    """The module's file accepts no command; the tool reads the last refusal from before."""
    env = module("idle")
    (tmp_path / "root/sys/power/fastboot_snapshot").unlink()
    (tmp_path / "root/sys/power/fastboot_snapshot").symlink_to("/dev/full")
    refusal = tmp_path / "root/sys/power/fastboot/last_refusal"
    refusal.write_text("fs-writable: a disk: mounted\n    /dev/vda3 \033\n    vdb1\n"
                       "    what to do: unmount it\nbusy: under way\n    what to do: wait\n")
    answer = json_of("gates", "--once", status=1, env=env)
    assert answer == {"kind": "once", "obstacles": [
        {"code": "fs-writable", "sentence": "a disk: mounted", "details": ["/dev/vda3 ?", "vdb1"],
         "advice": "unmount it"},
        {"code": "busy", "sentence": "under way", "details": [], "advice": "wait"}],
        "error": answer["error"]}
    assert answer["error"]["code"] == "obstacles"


def test_gates_show_the_seal(module, tmp_path):
    env = module("idle")
    assert "seal" not in json_of("gates", env=env)
    (tmp_path / "root/sys/power/fastboot/seal").write_text("secure-boot\n")
    assert json_of("gates", env=env)["seal"] == "secure-boot"
    assert "seal: secure-boot\n" in ctl("gates", env=env)[0]


def warnings(env):
    """The warnings, which are on stderr as well; the gates are open nevertheless."""
    out, err = ctl("gates", "--json", env=env)
    texts = json.loads(out).get("warnings", [])
    assert err.splitlines() == [f"fastbootctl: warning: {text}" for text in texts]
    return texts


@pytest.fixture
def tmpfs():
    """A folder in the host's own tmpfs, which is empty except for the test's files."""
    used = shutil.disk_usage("/dev/shm").used
    if used > 32 << 20:
        pytest.skip("/dev/shm is not empty here")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as path:
        yield pathlib.Path(path)


def test_gates_names_what_is_in_memory(module, tmp_path, tmpfs):
    """Once, however often it is mounted; a small amount gets no warning."""
    env = module("idle")
    (tmp_path / "root/proc/self").mkdir(parents=True)
    (tmp_path / "root/proc/self/mounts").write_text(
        "tmpfs /dev/shm tmpfs rw 0 0\n" f"tmpfs {tmpfs} tmpfs rw 0 0\nproc /proc proc rw 0 0\n")
    (tmpfs / "small").write_bytes(bytes(8 << 20))
    assert warnings(env) == []
    (tmpfs / "large").write_bytes(bytes(96 << 20))
    warning, = warnings(env)
    assert "/dev/shm" in warning and 100 <= int(re.search(r"(\d+) MiB", warning)[1]) < 140


def test_gates_compares_clock_and_rtc(module, tmp_path):
    """A difference returns at each restore, unless the module then sets the clock from the RTC."""
    env = module("idle")
    rtc = tmp_path / "root/sys/class/rtc/rtc0/since_epoch"
    assert warnings(env) == []
    rtc.parent.mkdir(parents=True)
    for off, word in ((0, None), (-10800, "ahead"), (3600, "behind")):
        rtc.write_text(f"{int(time.time()) + off}\n")
        if not word:
            assert warnings(env) == []
            continue
        warning, = warnings(env)
        assert "RTC" in warning and word in warning
        assert abs(int(re.search(r"(\d+) s\b", warning)[1]) - abs(off)) <= 2
    parameter = tmp_path / "root/sys/module/fastboot_snapshot/parameters/rtc_is_utc"
    parameter.parent.mkdir(parents=True)
    parameter.write_text("Y\n")
    assert warnings(env) == []
