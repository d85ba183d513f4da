# SPDX-License-Identifier: GPL-2.0-or-later
"""From an untouched Debian to a fast boot, by its packages: installed, upgraded, purged.

With real apt and dpkg in the guest, from archives on a disk of its own.  An emulated machine
compiles the module for minutes, so this is run by `make package-test`, and in the full matrix.
"""

import pytest

from harness import checks, disk, machines, product
from harness.checks import wait_for
from harness.guests import locked
from harness.paths import BUILD, GUEST_SCRIPTS, host, kernel_release

pytestmark = pytest.mark.full

STOCK = machines.DEBIAN.changed(name="stock", guest="stock", cmdline="", network=False)
REPOSITORY = BUILD / "repository"
PACKAGES = "fastboot-dkms fastboot-efi fastboot-tools"

# What the guest's boot manager, systemd-boot by hand, does not do by itself.
NEW_KERNEL = """#!/bin/sh
set -e
[ -e "/boot/initrd.img-$1" ] || exit 0
mount /boot/efi
cp "/boot/vmlinuz-$1" /boot/efi/vmlinuz
cp "/boot/initrd.img-$1" /boot/efi/initrd
umount /boot/efi
"""

# overlayroot-chroot binds /proc, /run and /sys, but no file system below these, and not /dev.
MAINTAIN = ("mount --bind /dev /media/root-ro/dev && mount --rbind /sys /media/root-ro/sys"
            " && mount --make-rslave /media/root-ro/sys"
            " && mount -o ro {repository} /media/root-ro/mnt && overlayroot-chroot {command};"
            " status=$?; umount /media/root-ro/mnt; umount -R -l /media/root-ro/sys;"
            " umount /media/root-ro/dev; (exit $status)")


def repository_disk(lab):
    with locked(REPOSITORY.with_suffix(".lock")):
        host(GUEST_SCRIPTS / "build-repository")
    lab.work.mkdir(parents=True, exist_ok=True)
    overlay = lab.work / "repository.qcow2"
    disk.make_overlay(REPOSITORY / "disk.qcow2", overlay)
    return overlay


def use_archive(number):
    """The one source of packages; the machine has no network."""
    return ("rm -f /etc/apt/sources.list.d/* &&"
            f" echo 'deb [trusted=yes] file:/mnt/{number} ./' >/etc/apt/sources.list &&"
            " apt-get -q update")


def apt(words):
    """Packages' scripts would read what is typed next."""
    return ("DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends"
            f" -o Dpkg::Use-Pty=0 {words} </dev/null")


def maintain(vm, command, timeout=3000):
    """Run a command in the root file system below the overlay."""
    vm.put("/run/maintain.sh", f"set -e\n{command}\n")
    words = MAINTAIN.format(repository="/dev/vdb", command="/bin/sh /run/maintain.sh")
    return vm.run(words, timeout=timeout).output


def versions(vm):
    lines = vm.run(f"dpkg-query -W -f '${{Version}} ${{db:Status-Status}}\\n' {PACKAGES}").output
    return lines.splitlines()


def armed(vm):
    """fastboot-arm takes an image; the loop is in it, too."""
    wait_for(vm, "grep -q '^saved\\|^restored' /sys/power/fastboot_snapshot", timeout=600)
    assert vm.state().startswith("saved ")
    return vm.run("journalctl -q -o cat -u fastboot-arm.service").output


def fast_boot(lab, vm):
    vm = lab.again(vm).start()
    vm.wait_restored_idle(120)
    assert vm.state().startswith("restored ")
    wait_for(vm, f"fastbootctl status {product.area_partition(vm)} --json"
             " | grep -q '\"attempts\": *0'", 120)
    return vm


def install(vm):
    vm.run("mount -o ro /dev/vdb /mnt")
    vm.run(use_archive(1), timeout=300)
    release = kernel_release("6.1")
    vm.run(apt(f"install {PACKAGES} linux-headers-{release}"), timeout=3000)
    assert "installed" in vm.run("dkms status").output
    assert vm.run("modinfo -F signer fastboot_snapshot").output
    vm.run("udevadm settle; umount /mnt")
    # Nothing has happened yet that nobody asked for.
    assert vm.run("systemctl is-enabled fastboot-arm", check=False).output == "disabled"
    assert vm.run("lsmod | grep fastboot", check=False).status != 0
    assert not vm.run("mount /dev/vda1 /boot/efi && find /boot/efi -iname '*fastboot*'"
                      " && umount /boot/efi").output


def set_up(vm):
    """What README tells to do; systemd takes a swap partition into use without being asked."""
    partition = product.area_partition(vm)
    vm.run(f"swapoff {partition}")
    vm.run(f"dd if=/dev/zero of={partition} bs=1M seek=$(($(blockdev --getsize64 {partition})"
           " / 1048576 - 1)) count=1 conv=fsync 2>/dev/null")
    vm.run(f"mkswap {partition}")
    vm.run(f"fastbootctl prepare --yes {partition}")
    esp = disk.PARTUUID["esp"]
    vm.run(f"echo 'PARTUUID={esp} /boot/efi vfat noauto,umask=0077 0 1' >>/etc/fstab")
    vm.run("mount /boot/efi && fastbootctl install --first && umount /boot/efi")
    vm.run("echo 'overlayroot=\"tmpfs:recurse=0\"' >/etc/overlayroot.conf")
    vm.run("systemctl enable fastboot-arm")
    vm.put("/etc/kernel/postinst.d/zzz-esp", NEW_KERNEL, "755")


@pytest.fixture(scope="module")
def fast(module_lab):
    """The machine, switched off, with an image that fastboot-arm has taken."""
    vm = module_lab.fresh(STOCK)
    vm.drives = [repository_disk(module_lab)]
    vm.start().wait_shell()
    vm.run("mkdir -p /boot/efi")
    install(vm)
    set_up(vm)
    vm.power_off()

    vm = module_lab.again(vm).start()
    checks.normal_boot_after_refusal(vm, "slot-empty")
    assert "due: no-image: " in armed(vm)
    vm.power_off()
    return vm


def test_from_nothing_to_a_fast_boot(lab, fast):
    vm = fast_boot(lab, fast)
    checks.restored_state(vm)
    assert vm.run("fastbootctl due").output.startswith("not due: not-first: ")
    vm.power_off()


def test_upgrade(lab, fast):
    """The file system is another one then: the old image is refused, a new one taken."""
    vm = fast_boot(lab, fast)
    before = versions(vm)
    said = maintain(vm, use_archive(2) + "\n" + apt(f"install {PACKAGES}"))
    assert "/boot/efi/EFI/fastboot/fastbootx64.efi: " in said
    vm.power_off()

    vm = lab.again(vm).start()
    checks.normal_boot_after_refusal(vm, "fs-changed")
    assert versions(vm) == [line.replace(" ", "+1 ") for line in before]
    assert "due: fs-changed: " in armed(vm)
    assert vm.run("cat /sys/power/fastboot/version").output.split()[0].endswith("+1")
    vm.power_off()
    fast_boot(lab, vm).power_off()


def test_new_kernel(lab, fast):
    """dkms has built the module for it before it is ever started."""
    vm = fast_boot(lab, fast)
    release = kernel_release("6.12")
    maintain(vm, use_archive(3) + "\n"
             + apt(f"install linux-image-{release} linux-headers-{release}"))
    vm.power_off()

    vm = lab.again(vm).start()
    checks.normal_boot_after_refusal(vm, "fs-changed")
    assert vm.run("uname -r").output == release
    assert "due: other-kernel: " in armed(vm)
    vm.power_off()
    vm = fast_boot(lab, vm)
    assert vm.run("uname -r").output == release
    vm.power_off()


LEFT = ("find / -xdev \\( -iname '*fastboot*' -o -path '*/dkms/fastboot*' \\)"
        " ! -path '/proc/*' ! -path '/sys/*' ! -path '/var/log/*' ! -path '/run/*' 2>/dev/null")


def test_purge(lab, fast):
    vm = fast_boot(lab, fast)
    said = maintain(vm, apt(f"purge {PACKAGES}") + f"\nmount /boot/efi\n{LEFT}\n"
                    "find /boot/efi -iname '*fastboot*'\numount /boot/efi\necho left: nothing more")
    assert "images on a partition stay" in said
    left = said[said.index("erase them:"):].split("\n")[2:]
    assert [line for line in left if line.startswith("/")] == [], left
    vm.power_off()

    vm = lab.again(vm).start()
    vm.wait_shell()
    assert not vm.console.first("fastboot: ")
    assert vm.run("modprobe fastboot_snapshot", check=False).status != 0
    assert "Fast boot" not in vm.run("cat /sys/firmware/efi/efivars/Boot0*"
                                     " | tr -d '\\0'").output
    vm.power_off()
