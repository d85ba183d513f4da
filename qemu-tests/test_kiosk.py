# SPDX-License-Identifier: GPL-2.0-or-later
"""The kiosk of docs/recipes.md: X with one program, on a display that works after a restore.

The program, guest/kiosk/kiosk, shows the time, and below it what has been typed.
FASTBOOT_RENEW_PICTURES=1 renews the picture of docs/recipes.md.
"""

import pytest

from harness import checks, machines, recipes
from harness.golden import settle
from harness.screen import keep, wait_for_picture

# The program's colours.
BACKGROUND, INK = (0x20, 0x30, 0x40), (0xF0, 0xF0, 0xE0)

RESTORES = 2
SECONDS = 15  # for a change to reach the screen; it takes one or two


def halves(picture):
    """(the half with the time, the half with what was typed)."""
    middle = picture.height // 2
    return (picture.crop(0, 0, picture.width, middle),
            picture.crop(0, middle, picture.width, picture.height))


def clock(picture):
    return halves(picture)[0].rows


def width(picture):
    """The width of what was typed, in pixels."""
    box = halves(picture)[1].box(INK)
    return box[2] - box[0] if box else 0


def is_kiosk(picture):
    """The picture has the time, and its edges have only the program's background."""
    colours = halves(picture)[0].colours()
    edges = {*picture.rows[0], *picture.rows[-1],
             *(row[end] for row in picture.rows for end in (0, -1))}
    return INK in colours and edges == {BACKGROUND}


def type_key(vm, picture, key):
    before = width(picture)
    vm.send_keys(key)
    return wait_for_picture(vm, f"the key {key}", lambda new: width(new) > before, SECONDS)


def prepare(vm):
    """Follow the recipe, wait for the program, and use it."""
    recipes.put(vm, "A kiosk")
    vm.run("systemctl daemon-reload && systemctl enable --now kiosk.service")
    picture = wait_for_picture(vm, "the kiosk", is_kiosk)
    width_of_typed = width(type_key(vm, picture, "k"))
    settle(vm)
    return {"pid": pid(vm), "width": width_of_typed}


def pid(vm):
    return vm.run("pgrep -fx '.*python3 /usr/local/bin/kiosk'").output


@pytest.fixture(scope="module")
def golden(goldens):
    return goldens(machines.KIOSK, prepare=prepare)


def display_works(vm, facts):
    """The program's whole picture is back, changes, and answers a key; returns the last picture."""
    first = wait_for_picture(vm, "the kiosk as it was saved",
                             lambda new: is_kiosk(new) and width(new) == facts["width"], SECONDS)
    wait_for_picture(vm, "another time",
                     lambda new: is_kiosk(new) and clock(new) != clock(first), SECONDS)
    return type_key(vm, first, "r")


def test_display_works(lab, golden):
    vm = None
    for number in range(1, RESTORES + 1):
        vm = (lab.again(vm) if vm else lab.copy(golden)).start()
        vm.wait_restored()
        picture = display_works(vm, golden.facts)
        checks.restored_state(vm, restores=number)
        assert pid(vm) == golden.facts["pid"]
        vm.kill()
    keep(picture, "kiosk.png")
