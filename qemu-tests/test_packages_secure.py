# SPDX-License-Identifier: GPL-2.0-or-later
"""From a stock Debian with Secure Boot on to a fast boot, by docs/secure-boot-setup.md.

Debian's own shim, GRUB, MokManager, dkms and mokutil, from its packages; ours beside them.
What compiles runs natively, as in test_packages.py.
"""

import re
import struct

import pytest

import test_packages as packages
from harness import checks, disk, images, mok, native, product
from harness.firmware import SECURE_BOOT
from harness.golden import take_snapshot
from harness.paths import kernel_release
from test_secure_boot import REJECTED

pytestmark = pytest.mark.full

STOCK = packages.STOCK.changed(name="stock-secure", firmware=SECURE_BOOT, graphics=False)
PASSWORD = "fastboot1"
CERTIFICATE = "/var/lib/dkms/mok.pub"
# As Debian's installer leaves them; the console is the tests'.
AS_INSTALLED = (
    packages.apt("install grub-efi-amd64 grub-efi-amd64-signed shim-signed"),
    "printf '%s\\n' GRUB_TIMEOUT=0 GRUB_CMDLINE_LINUX_DEFAULT="
    " 'GRUB_CMDLINE_LINUX=\"console=tty0 console=ttyS0,115200\"' >>/etc/default/grub",
    packages.SETTINGS[0],   # the EFI system partition in /etc/fstab
    f"echo 'PARTUUID={disk.PARTUUID['area']} none swap sw,noauto 0 0' >>/etc/fstab")
DESCRIPTION, HEADER_CSUM = 200, 4088    # in the slot header (docs/image-format.md)


def install(lab, vm, way):
    """Packages of Debian, then ours; dkms makes its key, and signs the module with it."""
    release = kernel_release(STOCK.series)
    *_, dkms, info = way.install(
        lab, vm, packages.use_archive(1), *AS_INSTALLED,
        packages.apt(f"install {packages.PACKAGES} sbsigntool mokutil linux-headers-{release}"),
        "dkms status", packages.module(release))
    packages.has_module(release, packages.product_version(), dkms, info)


def with_esp(vm, command, check=True):
    """Run a command while the EFI system partition is mounted."""
    return vm.run(f"mount /boot/efi; {command}; status=$?; umount /boot/efi; (exit $status)",
                  timeout=300, check=check)


def refuses_the_unknown(vm):
    """Before the key is enrolled the kernel takes no module, and the tool puts nothing first."""
    answer = vm.run("modprobe fastboot_snapshot", check=False)
    assert answer.status and re.search(REJECTED, answer.output), answer.output
    answer = with_esp(vm, "fastbootctl install --first", check=False)
    assert answer.status and "not-enrolled" in answer.output, answer.output


def enrol(vm):
    """Ask for the key in the running system, and answer at MokManager's screens."""
    assert "is not enrolled" in vm.run(f"mokutil --test-key {CERTIFICATE}", check=False).output
    vm.run(f"printf '%s\\n' {PASSWORD} {PASSWORD} | mokutil --import {CERTIFICATE}")
    vm.reboot()
    mok.enrol(vm, PASSWORD)
    vm.wait_shell()
    assert "is already enrolled" in vm.run(f"mokutil --test-key {CERTIFICATE}", check=False).output
    assert not vm.console.first("fastboot: ")


def try_once(vm):
    """The entry is the last, and works; the next start is Debian's again."""
    partition = product.area_partition(vm)
    vm.run("swapoff -a")
    packages.make_swap(vm, partition)
    vm.run(f"fastbootctl prepare --yes {partition}")
    with_esp(vm, "fastbootctl install")
    vm.run("fastbootctl next")
    vm.reboot()
    checks.normal_boot_after_refusal(vm, "slot-empty")


def put_first(vm):
    with_esp(vm, "fastbootctl install --first")
    vm.run(" && ".join(packages.SETTINGS[1:]))  # overlayroot, and no delay
    vm.reboot()
    checks.normal_boot_after_refusal(vm, "slot-empty")
    assert vm.run("findmnt -no FSTYPE /").output == "overlay"


@pytest.fixture(scope="module")
def sealed(module_lab):
    """A machine that is off, with a sealed golden image."""
    way = packages.Natively() if native.possible() else packages.Inside()
    vm = module_lab.fresh(STOCK)
    vm.drives = [packages.archives_disk(module_lab)]
    install(module_lab, vm, way)

    vm = module_lab.again(vm).start()
    vm.wait_shell()
    with_esp(vm, "grub-install && update-grub")     # as Debian's installer does
    refuses_the_unknown(vm)
    enrol(vm)
    try_once(vm)
    put_first(vm)
    gates = vm.run("fastbootctl gates").output
    assert "golden: no obstacle" in gates and "seal: secure" in gates, gates
    take_snapshot(vm, command="fastbootctl snapshot golden 'first try'")
    assert vm.state() == "saved generation=1"
    vm.power_off()
    return vm


def test_fast_boot_of_a_sealed_image(lab, sealed):
    with images.area_of(sealed.machine, sealed.disk) as area:
        assert area.newest().seal.domain == "secure"
    vm = lab.again(sealed).start()
    vm.wait_restored()
    checks.restored_state(vm)
    assert "[integrity]" in vm.run("cat /sys/kernel/security/lockdown").output
    checks.called_good(vm, 120)
    vm.power_off()


def test_flipped_image(lab, sealed):
    """One bit of its description, with the checksum put right: the machine boots normally."""
    with images.area_of(sealed.machine, sealed.disk) as area:
        offset = area.newest().offset
    header = bytearray(images.read(sealed.machine, sealed.disk, offset, images.BLOCK))
    header[DESCRIPTION] ^= 1
    struct.pack_into("<Q", header, HEADER_CSUM, images.fbimage.csum(header[:HEADER_CSUM]))
    images.write(sealed.machine, sealed.disk, offset, bytes(header))
    vm = lab.again(sealed).start()
    checks.normal_boot_after_refusal(vm, "not-authentic")
    vm.power_off()
