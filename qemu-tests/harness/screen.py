# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest's screen: what it shows now, or when it shows something."""

import os
import time

from .paths import DOCS
from .picture import Picture
from .waiting import wait_until

RENEW = "FASTBOOT_RENEW_PICTURES"


def look(vm, name="screen"):
    """The picture on the screen, which the log folder keeps, too."""
    path = vm.log_dir / f"{name}.ppm"
    vm.screendump(path)
    picture = Picture.read(path)
    path.unlink()
    vm.screendump(path.with_suffix(".png"))
    return picture


def wait_for_picture(vm, what, condition, timeout=60):
    """The first picture of which the condition is true."""
    def matching():
        picture = look(vm)
        return condition(picture) and picture
    return wait_until(matching, f"on the screen, {what}", timeout)


def wait_for_rest(vm, seconds=1, timeout=60):
    """The first picture that stays for so long: the screen is drawn after the serial console."""
    def resting():
        picture = look(vm)
        time.sleep(seconds)
        return look(vm).rows == picture.rows and picture
    return wait_until(resting, "on the screen, nothing that moves", timeout)


def keep(picture, name):
    """Write the picture into docs/ if FASTBOOT_RENEW_PICTURES asks for it."""
    if os.environ.get(RENEW):
        picture.write_png(DOCS / name)
