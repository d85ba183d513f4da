# SPDX-License-Identifier: GPL-2.0-or-later
"""The manuals, and the codes in docs/troubleshooting.md; `make check-docs` compares its text."""
import re
import subprocess

import pytest

from tool import MANUALS, TOOLS, verb_options


def sections(manual):
    """{verb: the text about it} of fastbootctl(8)."""
    text = (TOOLS / manual).read_text().replace("\\-", "-").replace("\\fR", "").replace("\\fI", "")
    verbs = text.split(".SH VERBS\n", 1)[1].split("\n.SH ", 1)[0]
    # .RS indents a nested list: its items belong to the preceding verb.
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


def test_the_manual_describes_every_verb_and_option():
    """It describes --json, which all verbs have, once."""
    manual = sections("fastbootctl.8")
    verbs = verb_options()
    common = {"--json"}
    assert set(manual) == set(verbs)
    for verb, options in verbs.items():
        answer = re.findall(r"^\.BI? (--[a-z-]+)", manual[verb], re.M)
        assert set(answer) - common == set(options) - common, verb
    assert {verb for verb, options in verbs.items() if not common <= set(options)} == \
        {"completion", "help"}


@pytest.mark.parametrize("page", MANUALS)
def test_manuals_are_well_formed(page):
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", str(TOOLS / page)],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and not done.stderr and not done.stdout, done.stderr
    assert page in (TOOLS / "Makefile").read_text(), "not installed"


def test_manuals_know_each_other():
    """Every page of this project that a page names exists."""
    for page in MANUALS:
        text = (TOOLS / page).read_text().replace("\\-", "-")
        for name, section in re.findall(r"^\.BR (fastboot[a-z-]*) \((\d)\)", text, re.M):
            assert f"{name}.{section}" in MANUALS, (page, name, section)


def test_manual_lists_every_code():
    manual = (TOOLS / "fastbootctl.8").read_text().replace("\\-", "-")
    codes = re.findall(r'X\(\w+, "([a-z-]+)", EXIT', (TOOLS / "src/base/fail.h").read_text())
    assert len(codes) > 15
    for code in codes:
        assert code in manual, code


def test_troubleshooting_has_every_code_once():
    top = TOOLS.parent
    rows = re.findall(r"^\| `([a-z0-9-]+)` \|", (top / "docs/troubleshooting.md").read_text(), re.M)
    codes = [code for table_ in ("imgfmt/include/imgfmt/reasons.h", "tools/src/base/fail.h")
             for code in re.findall(r'X\([\w, ]+,\s+"([a-z0-9-]+)",', (top / table_).read_text())]
    assert len(codes) > 90
    assert sorted(rows) == sorted(codes)
