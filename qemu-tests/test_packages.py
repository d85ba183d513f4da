# SPDX-License-Identifier: GPL-2.0-or-later
"""From an untouched Debian to a fast boot, by the packages: installed, upgraded, purged.

With the guest's own apt and dpkg, from archives on a disk.  What compiles runs natively, in
a chroot on the guest's disk while its machine is off: an emulated machine would compile for
minutes.  Run by `make package-test`, and by the full matrix, which also does all of it in the
guest.
"""

import re

import pytest

from harness import checks, disk, machines, native, product
from harness.checks import wait_for
from harness.golden import warm_up
from harness.guests import locked
from harness.paths import BUILD, GUEST_SCRIPTS, QEMU_TESTS, host, kernel_release

pytestmark = pytest.mark.full

STOCK = machines.DEBIAN.changed(name="stock", guest="stock", cmdline="", network=False, cpus=1)
NEW = "newest"
REPOSITORY = BUILD / "repository"
ARCHIVES = "/dev/vdb"
PACKAGES = "fastboot-dkms fastboot-efi fastboot-tools"
LOADER = "/boot/efi/EFI/fastboot/fastbootx64.efi"

# overlayroot-chroot binds /proc, /run and /sys, but not /dev, nor what is mounted below them.
MAINTAIN = ("mount --bind /dev /media/root-ro/dev && mount --rbind /sys /media/root-ro/sys"
            " && mount --make-rslave /media/root-ro/sys"
            f" && mount -o ro {ARCHIVES} /media/root-ro/mnt"
            " && overlayroot-chroot /bin/sh /run/maintain.sh;"
            " status=$?; umount /media/root-ro/mnt; umount -R -l /media/root-ro/sys;"
            " umount /media/root-ro/dev; (exit $status)")


def archives_disk(lab):
    with locked(REPOSITORY.with_suffix(".lock")):
        host(GUEST_SCRIPTS / "build-repository", STOCK.series, NEW)
    lab.work.mkdir(parents=True, exist_ok=True)
    overlay = lab.work / "archives.qcow2"
    overlay.unlink(missing_ok=True)
    disk.make_overlay(REPOSITORY / "disk.qcow2", overlay)
    return overlay


def use_archive(number):
    """Make this archive the only source of packages; the machine has no network."""
    return ("rm -f /etc/apt/sources.list.d/* &&"
            f" echo 'deb [trusted=yes] file:/mnt/{number} ./' >/etc/apt/sources.list &&"
            " apt-get -q update")


def apt(words):
    """Run apt-get without input: packages' scripts would read the shell's next commands."""
    return ("DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends"
            f" -o Dpkg::Use-Pty=0 {words} </dev/null")


def script_of(commands):
    """A script of commands that must all succeed; answers() splits its output."""
    return "set -e\n" + "\n".join(f"printf '\\n@@ answer\\n'\n{command}" for command in commands)


def answers(output):
    return [answer.strip("\n") for answer in re.split(r"^@@ answer$", output, flags=re.M)[1:]]


def maintain(vm, *commands, timeout=3000):
    """Run commands in the root file system below the overlay; returns their answers."""
    vm.put("/run/maintain.sh", script_of(commands) + "\n")
    return answers(vm.run(MAINTAIN, timeout=timeout).output)


class Natively:
    """The host's processor runs the commands, on the guest's disk while its machine is off."""

    def install(self, lab, vm, *commands):
        return answers(native.run(vm, script_of(commands), REPOSITORY / "disk"))

    def change(self, lab, vm, *commands):
        """Like install, for a machine that runs; it is off afterwards."""
        vm.power_off()
        return self.install(lab, vm, *commands)


class Inside:
    """The guest runs the commands."""

    def install(self, lab, vm, *commands):
        vm = lab.again(vm).start()
        vm.wait_shell()
        vm.put("/run/install.sh", script_of(commands) + "\n")
        output = vm.run(f"mount -o ro {ARCHIVES} /mnt && sh /run/install.sh", timeout=3000).output
        assert vm.run("lsmod | grep fastboot", check=False).status != 0
        vm.run("udevadm settle; umount /mnt")
        vm.power_off()
        return answers(output)

    def change(self, lab, vm, *commands):
        results = maintain(vm, *commands)
        vm.power_off()
        return results


@pytest.fixture(scope="module", params=["quick", pytest.param("inside", marks=pytest.mark.inside)])
def way(request):
    """quick: natively if possible; inside: in the guest."""
    if request.param == "inside":
        return Inside()
    return Natively() if native.possible() else Inside()


def armed(vm):
    """Wait until fastboot-arm has taken an image; this loop is in the image, too."""
    wait_for(vm, "grep -q '^saved\\|^restored' /sys/power/fastboot_snapshot"
             " || systemctl -q is-failed fastboot-arm.service", timeout=600)
    log = product.unit_log(vm, "fastboot-arm")
    assert vm.state().startswith("saved "), log
    return log


def fast_boot(lab, vm):
    vm = lab.again(vm).start()
    vm.wait_restored_idle(120)
    assert vm.state().startswith("restored ")
    checks.called_good(vm, 120)
    return vm


def versions(vm):
    lines = vm.run(f"dpkg-query -W -f '${{Version}} ${{db:Status-Status}}\\n' {PACKAGES}").output
    return lines.splitlines()


def module(release):
    """A command that prints the module's version and the signer."""
    return " && ".join(f"modinfo -k {release} -F {field} fastboot_snapshot"
                       for field in ("version", "signer"))


def has_module(release, version, dkms, info):
    """dkms has built this version for this kernel, signed it and installed it."""
    assert f"fastboot-snapshot/{version}, {release}, x86_64: installed" in dkms.splitlines(), dkms
    found, signer = info.splitlines()
    assert found.split()[0] == version and signer


# What systemd would do by itself at the next boot.
UNITS = "systemctl --root=/ --no-legend --plain list-unit-files 'fastboot*'"
LOADED = "ls /etc/modules-load.d /usr/lib/modules-load.d 2>/dev/null | grep fastboot || :"
# What the README has the user write, except for the delay: each fast boot waits until the image
# is called good.
SETTINGS = (
    "mkdir -p /boot/efi && "
    f"echo 'PARTUUID={disk.PARTUUID['esp']} /boot/efi vfat noauto,umask=0077 0 1' >>/etc/fstab",
    "echo 'overlayroot=\"tmpfs:recurse=0\"' >/etc/overlayroot.conf",
    "sed -i 's/^#HEALTHY_DELAY=.*/HEALTHY_DELAY=3/' /etc/default/fastboot")


def product_version():
    return (QEMU_TESTS.parent / "kernel-hook/VERSION").read_text().strip()


def install(lab, vm, way):
    release, version = kernel_release(STOCK.series), product_version()
    _, _, dkms, info, units, loaded, *_ = way.install(
        lab, vm, use_archive(1), apt(f"install {PACKAGES} linux-headers-{release}"),
        "dkms status", module(release), UNITS, LOADED, *SETTINGS)
    has_module(release, version, dkms, info)
    # The packages have done nothing that was not asked for.
    states = dict(line.split()[:2] for line in units.splitlines())
    assert states.pop("fastboot-arm.service") == "disabled"
    assert set(states.values()) == {"static"}, units
    assert not loaded
    assert not [path for path in native.on_esp(vm) if "fastboot" in path.lower()]


def make_swap(vm, partition):
    """Make the area's partition a swap partition."""
    vm.run(f"dd if=/dev/zero of={partition} bs=1M seek=$(($(blockdev --getsize64 {partition})"
           " / 1048576 - 1)) count=1 conv=fsync 2>/dev/null")
    vm.run(f"mkswap {partition}")


def prepare(vm):
    """Follow the README."""
    partition = product.area_partition(vm)
    make_swap(vm, partition)
    vm.run(f"fastbootctl prepare --yes {partition}")
    vm.run("mount /boot/efi && fastbootctl install --first")


@pytest.fixture(scope="module")
def fast(module_lab, way):
    """A machine that is off, with an image that fastboot-arm has taken."""
    vm = module_lab.fresh(STOCK)
    vm.drives = [archives_disk(module_lab)]
    install(module_lab, vm, way)
    module_lab.own(warm_up(STOCK, vm.disk, vm.variables, module_lab.log_dir, drives=vm.drives))

    vm = module_lab.again(vm).start()
    vm.wait_shell()
    prepare(vm)
    vm.run("systemctl start fastboot-arm")
    assert "due: no-image: " in armed(vm)
    vm.power_off()
    return vm


def test_from_nothing_to_a_fast_boot(lab, fast):
    vm = fast_boot(lab, fast)
    checks.restored_state(vm)
    # It was mounted when the image was taken.
    wait_for(vm, "findmnt -no FSTYPE /boot/efi | grep -qx vfat")
    assert vm.run("fastbootctl due").output.startswith("not due: not-first: ")
    vm.power_off()


def upgrade(lab, vm, way, version):
    """Upgrade the loader on the EFI system partition in the guest, and the module natively.

    Debian 13's apt would upgrade all packages of a source at once.  Both versions have the same
    loader, so the installed one is changed first.
    """
    output = maintain(vm, "systemctl enable fastboot-arm", use_archive(2),
                      f"mount /boot/efi && echo other >>{LOADER} && umount /boot/efi",
                      apt("-o APT::Get::Upgrade-By-Source-Package=false"
                          " install fastboot-efi fastboot-tools"))[-1]
    assert f"{LOADER}: written" in output
    old, new = kernel_release(STOCK.series), kernel_release(NEW)
    *_, dkms, old_info, new_info, enabled = way.change(
        lab, vm, use_archive(2), apt("install fastboot-dkms"), use_archive(3),
        apt(f"install linux-image-{new} linux-headers-{new}"), "dkms status", module(old),
        module(new), "systemctl is-enabled fastboot-arm")
    has_module(old, version, dkms, old_info)
    has_module(new, version, dkms, new_info)
    assert len(dkms.splitlines()) == 2, dkms
    assert enabled == "enabled"


def test_upgrade_and_a_new_kernel(lab, fast, way):
    """The upgrade changes the file system: the old image is refused, and a new one taken.

    dkms has built the module for the new kernel before that starts for the first time.
    """
    vm = fast_boot(lab, fast)
    before = versions(vm)
    version = product_version() + "+1"
    upgrade(lab, vm, way, version)
    native.use_kernel(vm, kernel_release(NEW))

    vm = lab.again(vm).start()
    checks.normal_boot_after_refusal(vm, "fs-changed")
    assert vm.run("uname -r").output == kernel_release(NEW)
    assert versions(vm) == [line.replace(" ", "+1 ") for line in before]
    assert "due: other-kernel: " in armed(vm)
    assert vm.run("cat /sys/power/fastboot/version").output.split()[0] == version
    vm.power_off()


LEFT = ("find / -xdev \\( -iname '*fastboot*' -o -path '*/dkms/fastboot*' \\)"
        " ! -path '/proc/*' ! -path '/sys/*' ! -path '/var/log/*' ! -path '/run/*' 2>/dev/null")


def test_purge(lab, fast):
    vm = fast_boot(lab, fast)
    assert vm.run("uname -r").output == kernel_release(NEW)
    output, left, on_esp, _ = maintain(
        vm, apt(f"purge {PACKAGES}"), LEFT + " || :",
        "mount /boot/efi && find /boot/efi -iname '*fastboot*'", "umount /boot/efi")
    assert "images on a partition stay" in output
    assert not left and not on_esp
    vm.power_off()

    vm = lab.again(vm).start()
    vm.wait_shell()
    assert not vm.console.first("fastboot: ")
    assert vm.run("modprobe fastboot_snapshot", check=False).status != 0
    assert "Fast boot" not in vm.run("cat /sys/firmware/efi/efivars/Boot0*"
                                     " | tr -d '\\0'").output
