# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults of a served program are detected; otherwise every test that uses one would be blind."""
import os
import time

import pytest

from served import Program

BROKEN = os.environ["BROKEN"]


@pytest.fixture
def broken():
    program = Program(BROKEN)
    yield program
    if program.process:
        program.end()


@pytest.mark.parametrize("what, words", [
    ("leak", "LeakSanitizer: detected memory leaks"), ("overflow", "heap-buffer-overflow"),
    ("undefined", "signed integer overflow")])
def test_faults_are_detected(broken, what, words):
    done = broken.run([what, "x"])
    assert done.returncode not in (0, 99) and words in done.stderr
    assert broken.run(["fine"]).returncode == 0, "the next run is another process"


def test_reachable_memory_is_no_leak(broken):
    assert broken.run(["reachable"]).returncode == 0


def test_arguments_and_environment(broken):
    done = broken.run(["fine", "", "two words", "é"], {"WORD": "a=b"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "\ntwo words\né\n", "a=b\n")


def test_status(broken):
    assert broken.run([""]).returncode == 1
    assert broken.run(["abort"]).returncode < 0


def test_timeout():
    program = Program(BROKEN, timeout=0.5)
    began = time.monotonic()
    with pytest.raises(AssertionError):
        program.run(["sleep"])
    assert time.monotonic() - began < 20
    assert not program.process
