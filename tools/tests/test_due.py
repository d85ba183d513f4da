# SPDX-License-Identifier: GPL-2.0-or-later
"""fastbootctl due: when fastboot-arm.service takes an image, and when it stops doing so."""
import re

import pytest

from tool import TOOLS, ctl, env_of, json_of, put_image, refused

SAMPLE = "6.1.0-sample"  # the kernel of mkimage's images
TABLE = TOOLS.parent / "imgfmt/include/imgfmt/reasons.h"

# Refusals of the loader: a new image fixes those in RETAKE.
RETAKE = ["fs-changed", "lvm-changed", "luks-changed", "md-changed", "pci-devices",
          "chunk-checksum", "page-not-free", "unsealed", "not-authentic"]
KEEP = ["disk-read", "disk-missing", "bad-option", "version", "area-ambiguous",
        "worker-stuck", "simulated", "user-escape", "sealed", "no-such-code"]


@pytest.fixture
def booted(host, tmp_path):
    """A machine after a normal boot; returns a function that sets its state and runs due."""
    root, _ = host
    (root / "proc/sys/kernel").mkdir(parents=True)

    def ask(state="idle", release=SAMPLE, code=None, status=0):
        result = f"result=refused\ncode={code}\nsentence=code=slot-empty\n" if code else ""
        (root / "sys/power/fastboot_snapshot").write_text(state + "\n")
        (root / "sys/power/fastboot/loader_result").write_text(result)
        (root / "proc/sys/kernel/osrelease").write_text(release + "\n")
        if status:
            return refused(*status, "due", env=env_of(host))
        out, _ = ctl("due", env=env_of(host))
        answer = json_of("due", env=env_of(host))
        word = "due" if answer["due"] else "not due"
        assert out == f"{word}: {answer['code']}: {answer['sentence']}\n"
        return word, answer["code"]
    return ask


@pytest.fixture
def image(tmp_path, booted):
    def put(slot, generation, restores=3, attempts=0, *options):
        put_image(tmp_path / "partition", slot, generation, "", "--restores", restores,
                  "--attempts", attempts, *options)
    return put


def test_no_image(booted, image):
    assert booted() == ("due", "no-image")
    assert booted(code="slot-empty") == ("due", "no-image")
    image(0, 1, 0, 0, "--once")  # not an image for every boot
    assert booted() == ("due", "no-image")


@pytest.mark.parametrize("state", ["saved generation=4", "restored generation=4 restores=1"])
def test_once_a_boot(booted, state):
    assert booted(state=state) == ("not due", "not-first")


def test_image_of_this_kernel(booted, image):
    image(0, 4)
    assert booted() == ("not due", "image-there")
    image(1, 5, 0)  # never restored, but nothing prevents it
    assert booted() == ("not due", "image-there")


def test_another_kernel(booted, image):
    image(0, 4)
    assert booted(release="6.1.0-sample2") == ("due", "other-kernel")


@pytest.mark.parametrize("code", RETAKE)
def test_a_refusal_that_a_new_image_fixes(booted, image, code):
    image(0, 4)
    assert booted(code=code) == ("due", code)


@pytest.mark.parametrize("code", KEEP)
def test_a_refusal_that_a_new_image_does_not_fix(booted, image, code):
    image(0, 4)
    assert booted(code=code) == ("not due", "image-there")


def test_a_quarantined_image_is_not_replaced(booted, image):
    """It has crashed three times: someone should find out why."""
    image(0, 4, 9, 3)
    for facts in ({}, {"code": "slot-quarantined"}, {"release": "6.12.0"}):
        booted(**facts, status=("slot-quarantined",))
    image(1, 3, 9)  # an older good image does not matter: the newest counts
    booted(status=("slot-quarantined",))
    image(1, 5, 9)  # a newer image
    assert booted() == ("not due", "image-there")
    assert booted(code="fs-changed") == ("due", "fs-changed")


def test_a_promoted_image_is_the_one_that_counts(booted, image):
    image(0, 4, 9, 3)
    image(1, 3, 9, 0, "--rank", 6)
    assert booted() == ("not due", "image-there")
    image(1, 3, 9, 3, "--rank", 6)
    image(0, 4, 9)
    booted(status=("slot-quarantined",))


def test_images_without_success_stop(booted, image):
    """The unit does not keep taking images that are never restored."""
    image(0, 4, 0)
    assert booted(code="fs-changed") == ("due", "fs-changed")
    image(1, 5, 0)
    line = booted(code="fs-changed", status=("in-vain",))
    assert "vda2" in line
    booted(release="6.12.0", status=("in-vain",))
    image(0, 4, 1)  # one of the two has been restored
    assert booted(code="fs-changed") == ("due", "fs-changed")


def test_a_lost_count_is_no_proof_of_failure(booted, image):
    image(0, 4, 0)
    image(1, 5, 0, 0, "--state", "none")
    assert booted(code="fs-changed") == ("due", "fs-changed")


def test_without_the_module(host):
    refused("module-missing", "due", env=env_of(host))


def test_every_code_is_judged():
    """A second copy of the table's column: nothing else would detect a mistake in it."""
    table = TABLE.read_text()
    rows = dict(re.findall(r"X\((\w+), \w+, \w+, (KEEP|RETAKE),", table))
    gates = set(re.findall(r"X\((\w+), ", table[table.index("/* The module's gates"):]))
    keep = {
        "AREA_MISSING", "AREA_AMBIGUOUS", "AREA_MAGIC", "AREA_CHECKSUM", "AREA_BOUNDS", "VERSION",
        "INCOMPAT", "RESERVED", "SLOT_MODE", "SLOT_QUARANTINED", "RECORD_ARCH", "PROOF_KIND",
        "CHUNK_KIND", "SLOT_FULL", "INDEX_FULL", "MACHINE_OTHER", "DISK_MISSING", "DISK_READ",
        "NO_MEMORY", "EXIT_BOOT", "HIBERNATED", "WORKER_STUCK", "STATE_WRITE", "BAD_OPTION", "SIMULATED",
        "USER_ESCAPE", "SEALED", "HISTORY_LOST"}
    assert {sym for sym, image in rows.items() if image == "KEEP"} == keep | gates
