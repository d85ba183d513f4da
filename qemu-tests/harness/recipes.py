# SPDX-License-Identifier: GPL-2.0-or-later
"""The files that docs/recipes.md tells its reader to write, taken from there."""

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

    own: {word: what stands here for this word of the recipe}, for what is the reader's own.
    Returns {path: content} as written.
    """
    written = files(heading)
    put_so = {}
    for path, content in written.items():
        for word, here in dict(own).items():
            path, content = path.replace(word, here), content.replace(word, here)
        vm.run(f"mkdir -p $(dirname {path})")
        vm.put(path, content, "755" if content.startswith("#!") else "644")
        put_so[path] = content
    return put_so
