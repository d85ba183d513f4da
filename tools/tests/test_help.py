# SPDX-License-Identifier: GPL-2.0-or-later
"""fastbootctl help."""
from tool import ctl, is_empty, verb_options


def test_help_covers_every_verb():
    assert ctl("--help")[0] == ctl("help")[0]
    for verb in verb_options():
        assert ctl("help", verb)[0].startswith(f"usage: fastbootctl {verb}")
        assert ctl(verb, "--help")[0] == ctl("help", verb)[0]


def test_help_is_an_option_too(partition):
    path = partition(prepare=False)
    out, _ = ctl("prepare", path, "--yes", "--help")
    assert out == ctl("help", "prepare")[0]
    assert is_empty(path.read_bytes())


def test_help_fits_a_terminal():
    for verb in ["", *verb_options()]:
        out, _ = ctl("help", *([verb] if verb else []))
        assert max(map(len, out.splitlines())) <= 100, verb
