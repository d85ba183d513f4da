# SPDX-License-Identifier: GPL-2.0-or-later
"""The files that docs/recipes.md asks its reader to write, taken from there."""

import re

from .paths import DOCS

# A line that begins with the path and ends with a colon, then a block of code.
FILE = re.compile(r"^`(/[^`]+)`[^\n]*:\n\n```\n(.*?)^```$", re.M | re.S)


def files(heading):
    """{path: content} of the section with this heading."""
    text = (DOCS / "recipes.md").read_text()
    _, found, rest = text.partition(f"\n## {heading}\n")
    assert found, f"docs/recipes.md has no section {heading!r}"
    given = dict(FILE.findall(rest.split("\n## ")[0]))
    assert given, f"docs/recipes.md, {heading!r}, gives no file"
    return given


def put(vm, heading, own=()):
    """Write the section's files into the guest.

    own: {word of the recipe: replacement}, for values that each reader has to choose.
    Returns {path: content} as written.
    """
    written = {}
    for path, content in files(heading).items():
        for word, replacement in dict(own).items():
            path, content = path.replace(word, replacement), content.replace(word, replacement)
        vm.run(f"mkdir -p $(dirname {path})")
        vm.put(path, content, "755" if content.startswith("#!") else "644")
        written[path] = content
    return written
