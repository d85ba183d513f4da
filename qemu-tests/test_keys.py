# SPDX-License-Identifier: GPL-2.0-or-later
"""Secure Boot on: who can reach the keys of a sealed image, and who cannot (docs/security.md)."""

import errno
import re

import pytest

from harness import checks, images, machines, product, variables
from harness.vm import REFUSED

SECURE = machines.SECURE
CONFIDENTIAL = SECURE.changed(name="tiny-secure-confidential", cmdline="lockdown=confidentiality")
KEY_PAGE = f"{product.EFIVARS}/FastbootKeyPage-{variables.FASTBOOT}"
PLANTED = "\\0\\0\\0\\0\\0\\020\\0\\0\\0\\0"  # 1 MiB, after two bytes of attributes
SECRET, HISTORY = "FastbootSecret", "FastbootHistory"


def try_all_the_time(vm):
    """A program of root that wants to read the snapshot, in the image and beside it."""
    checks.hibernation_is_closed(vm)
    vm.run("(while :; do head -c 1 /dev/snapshot >/dev/null 2>&1 && echo opened >/tmp/opened;"
           " usleep 50000; done) </dev/null >/dev/null 2>&1 &")
    return checks.leave_traces(vm)


def never_opened(vm):
    checks.hibernation_is_closed(vm)
    assert vm.run("test -e /tmp/opened", check=False).status, "opened beside a snapshot"
    return {}


@pytest.fixture(scope="module")
def golden(goldens):
    return goldens(SECURE, try_all_the_time, after=never_opened)


@pytest.fixture(scope="module")
def secret(golden):
    return variables.read(golden.variables)[SECRET]


def test_restored_memory_holds_no_key(lab, golden, secret):
    """Neither the image's keys, nor the secret, nor the key for the next image."""
    vm = lab.copy(golden).start()
    vm.wait_restored()
    checks.traces(vm, golden.facts)
    never_opened(vm)
    assert product.attribute(vm, "seal") == "secure"
    with images.golden_area(golden, secret=secret.data) as area:
        slot = area.newest()
        slot.verify()
        keys = images.keys_of(slot, secret.data)
        keys["next"] = boot_key(vm.memory(slot.record["key_phys"], images.BLOCK))
    assert not in_the_systems_memory(vm, keys)


def boot_key(page):
    """docs/handoff.md, `struct img_key_page`."""
    assert page.startswith(b"FBKEYPG1")
    return page[56:88]


def in_the_systems_memory(vm, keys):
    """The names of the keys in memory that the kernel uses.

    Not all of memory: EDK II keeps a copy of its variables in memory for runtime services
    (MdeModulePkg, PcdEnableVariableRuntimeCache), those for boot services among them.  The
    kernel leaves that memory alone, and so does the image; but it could read it.
    """
    ranges = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) : System RAM$",
                        vm.run("cat /proc/iomem").output.replace("\r", ""), re.M)
    assert ranges
    found = set()
    for first, last in ranges:
        data = vm.memory(int(first, 16), int(last, 16) + 1 - int(first, 16))
        found |= {name for name, key in keys.items() if key in data}
    return found


def test_no_loader_ran(lab):
    """Then there is no key, whatever root puts in its place, and no snapshot."""
    vm = lab.fresh(SECURE)
    variables.write(vm.variables, variables.boot_in_order([variables.DEBIAN]))
    vm.start()
    vm.wait_shell()
    vm.run("modprobe fastboot_snapshot")
    checks.start_counter(vm)
    checks.refused(vm, {"no-seal-key"}, errno.EPERM)
    # Non-volatile, which the loader's never is.
    vm.run(f"printf '\\007\\0{PLANTED}' >{KEY_PAGE}")
    checks.refused(vm, {"no-seal-key"}, errno.EPERM)
    checks.hibernation_is_closed(vm)


def test_key_page_is_the_loaders(lab):
    """Root can neither change nor remove the variable of the page, nor see the others."""
    vm = lab.booted(SECURE)
    names = vm.run(f"ls {product.EFIVARS}").output
    assert "FastbootKeyPage" in names and SECRET not in names and HISTORY not in names
    for attributes in ("\\006\\0", "\\007\\0"):
        assert vm.run(f"printf '{attributes}{PLANTED}' >{KEY_PAGE}", check=False).status
    assert vm.run(f"rm -f {KEY_PAGE}", check=False).status
    vm.run("modprobe fastboot_snapshot")
    checks.start_counter(vm)
    checks.saved(vm, 1)


def test_secure_boot_off(lab, golden, secret):
    """The image is refused, and its secret not touched."""
    vm = lab.copy(golden)
    variables.delete(vm.variables, "PK")
    vm.start()
    assert vm.wait_firmware(REFUSED).group(1) == "sealed"
    vm.kill()
    assert variables.read(vm.variables)[SECRET] == secret


@pytest.mark.full
def test_confidentiality(lab, goldens):
    golden = goldens(CONFIDENTIAL, try_all_the_time, after=never_opened)
    vm = lab.copy(golden).start()
    vm.wait_restored()
    checks.traces(vm, golden.facts)
    never_opened(vm)
    vm.run("mount -t securityfs securityfs /sys/kernel/security")
    assert "[confidentiality]" in vm.run("cat /sys/kernel/security/lockdown").output
