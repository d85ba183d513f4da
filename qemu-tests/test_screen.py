# SPDX-License-Identifier: GPL-2.0-or-later
"""What users see of the loader on a screen, and what Esc does.

The disk is so slow that a restore takes long enough to be watched.
FASTBOOT_RENEW_PICTURES=1 renews the pictures of docs/loader.md.
"""

import re

import pytest

from harness import checks, machines, product
from harness.screen import keep, look, wait_for_picture
from harness.vm import REFUSED, RESTORING, SCALE

SLOW = 6 << 20  # bytes a second

# As in efi/screen.c.
BAR, FILLED = (0x30, 0x30, 0x30), (0x50, 0xA0, 0xE0)
TEXT, DIM, WARNING = (0xE0, 0xE0, 0xE0), (0x90, 0x90, 0x90), (0xF0, 0xB0, 0x50)
BAR_SIZE = 640, 14
LINE, PANEL_LINES, MARGIN = 24, 9, 16
PANEL_SIZE = BAR_SIZE[0] + 2 * MARGIN, LINE * PANEL_LINES + 2 * MARGIN

NEXT_ENTRY = "BdsDxe: (failed to start|loading)"


@pytest.fixture(scope="module")
def golden(goldens):
    return goldens(machines.TINY)


def wait_for_bar(vm):
    return wait_for_picture(vm, "a bar", lambda picture: picture.box(FILLED))


def filled_columns(picture):
    """The filled columns of the bar, which is at its place and in one piece."""
    left, top, right, bottom = picture.box(BAR, FILLED)
    assert (right - left, bottom - top) == BAR_SIZE
    assert left == picture.width - right
    assert top > picture.height / 2
    columns = {row[left:right].count(FILLED) for row in picture.rows[top:bottom]}
    assert len(columns) == 1
    filled = columns.pop()
    for row in picture.rows[top:bottom]:
        assert row[left:right] == [FILLED] * filled + [BAR] * (BAR_SIZE[0] - filled)
    return filled


def wait_for_longer_bar(vm, filled):
    """The first picture in which at least a tenth of the bar more is filled than before."""
    def is_longer(picture):
        box = picture.box(FILLED)
        return box and box[2] - box[0] >= filled + BAR_SIZE[0] // 10
    return wait_for_picture(vm, "a longer bar", is_longer)


def panel(picture):
    left = (picture.width - PANEL_SIZE[0]) // 2
    top = (picture.height - PANEL_SIZE[1]) // 8 * 7
    return picture.crop(left, top, left + PANEL_SIZE[0], top + PANEL_SIZE[1])


def lines(picture):
    """[colours] of the panel's lines."""
    whole = panel(picture)
    return [set(whole.crop(0, at, whole.width, at + 19).colours())
            for at in range(MARGIN, MARGIN + PANEL_LINES * LINE, LINE)]


def console_lines(vm, first, last):
    """Lines on the serial console from `first` to the one before `last`, as plain text only."""
    text = vm.console.text()
    text = text[text.rindex(first):text.index(last, text.rindex(first))]
    assert re.fullmatch(r"([ -~]*\r\n)*", text)
    return text.split("\r\n")[:-1]


def test_bar_grows(lab, golden):
    """The bar is on the screen only: the serial console gets its lines, once, and nothing else."""
    vm = lab.at_entry(golden, bytes_per_second=SLOW).start()
    before = filled_columns(wait_for_bar(vm))
    picture = wait_for_longer_bar(vm, before)
    after = filled_columns(picture)
    assert 0 < before < after < BAR_SIZE[0]
    line = lines(picture)
    assert TEXT in line[0] and TEXT in line[3] and DIM in line[5]
    assert not {TEXT, DIM, WARNING} & set().union(line[1], line[4], *line[6:])
    keep(panel(picture), "screen-restoring.png")
    lab.note(before=before, after=after)
    vm.wait_console(RESTORING)
    assert console_lines(vm, "fastboot: slot A", RESTORING)[2:] == [
        f"fastboot: {quarter} %" for quarter in (25, 50, 75)]
    vm.full_speed()
    vm.wait_restored()
    checks.restored_state(vm, restores=1)
    checks.traces(vm, golden.facts)


def test_esc(lab, golden):
    """A normal boot, and an image that is as usable as before."""
    vm = lab.at_entry(golden, bytes_per_second=SLOW).start()
    wait_for_bar(vm)
    vm.send_keys("down", "spc", "ret")
    before = filled_columns(look(vm))
    wait_for_longer_bar(vm, before)  # the loader has ignored these keys
    vm.send_keys("esc")
    assert vm.wait_firmware(REFUSED).group(1) == "user-escape"
    assert vm.writes() == 0
    wait_for_picture(vm, "no bar", lambda picture: not picture.box(BAR, FILLED))
    vm.full_speed()
    checks.reason_everywhere(vm, "user-escape")
    slot = product.status(vm)["slots"]["a"]
    assert (slot["usable"], slot["attempts"], slot["restores"]) == ("ok", 0, 0)
    vm.power_off()

    vm = lab.again(vm).start()
    vm.wait_restored()
    checks.restored_state(vm, restores=1)


def refused(lab, golden, **changes):
    """A changed machine, which refuses the image, when the refusal is reported."""
    vm = lab.copy(golden, golden.machine.changed(**changes)).start()
    vm.wait_firmware(REFUSED)
    return vm


def pause(vm):
    """Seconds from the last line of a refusal to what the firmware says next."""
    when = vm.firmware_line("fastboot:   booting normally")[0]
    return vm.firmware_line(NEXT_ENTRY, after=when)[0] - when


def wait_for_refusal(vm):
    """The refusal's last line is drawn: the loader waits for a key, or for the pause's end."""
    return wait_for_picture(vm, "a refusal", lambda picture: picture.box(DIM), timeout=3)


def test_refusal_can_be_read(lab, golden):
    vm = refused(lab, golden, memory="1280M")
    picture = wait_for_refusal(vm)
    line = lines(picture)
    assert TEXT in line[0] and WARNING in line[2] and TEXT in line[3] and DIM in line[8]
    assert not picture.box(BAR, FILLED)
    keep(panel(picture), "screen-refused.png")
    assert 2.5 < pause(vm) < 10 * SCALE
    checks.normal_boot_after_refusal(vm, "ram-size")


def test_any_key_ends_the_refusal(lab, golden):
    """The key is not passed on: a boot menu would take it for a choice."""
    vm = refused(lab, golden, memory="1280M")
    wait_for_refusal(vm)
    vm.send_keys("spc")
    assert pause(vm) < 2.5  # not scaled: the loader waits for 3 s of real time
    vm.wait_shell()
    assert vm.last_result()["code"] == "ram-size"


def test_without_a_screen(lab, golden):
    """The loader does not wait, and prints everything once."""
    vm = refused(lab, golden, graphics=False)
    assert pause(vm) < 1
    printed = console_lines(vm, "fastboot: refused", "BdsDxe")
    assert printed[-1] == "fastboot:   booting normally"
    assert len(printed) == len(set(printed)) > 2
