# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian on the disks that its installer makes, by the steps of docs/quickstart.md.

Guided partitioning with LVM, and with LVM on LUKS: /boot and the EFI system partition are mounted,
the only swap space is a logical volume.  The disk is filled by a rescue system, not by the
installer, whose own guest would install for half an hour without KVM.
"""

import pytest

from harness import checks, disk, machines, product, stacks
from harness.golden import settle, take_snapshot, warm_up
from harness.guests import ensure_guest
from harness.paths import kernel_release

pytestmark = pytest.mark.full

LVM = machines.DEBIAN.changed(name="installed-lvm", guest="installed", stack="lvm-debian",
                              memory="1G", cmdline="", network=False, cpus=1, loader="verbose")
LUKS = LVM.changed(name="installed-luks", stack="crypto-debian", loader="verbose seal=always")
# A tool, not a machine under test.
RESCUE = machines.SMALL.changed(name="tiny-installer", area_mib=16, initrd="initrd-stacks",
                                memory="1G", cpus=1)
TARGET, SOURCE, ROOT = "/dev/vdb", "/dev/vdc", "/mnt"

# As the quickstart wants it: no check of the root writes to it, /boot is not written to.
FSTAB = "".join(f"{line}\n" for line in (
    "/dev/mapper/vg-root / ext4 errors=remount-ro 0 0",
    f"PARTUUID={disk.PARTUUID['boot']} /boot ext4 ro 0 0",
    f"PARTUUID={disk.PARTUUID['esp']} /boot/efi vfat umask=0077 0 1",
    "/dev/mapper/vg-swap_1 none swap sw,noauto 0 0"))
CHROOT = f"chroot {ROOT} /usr/bin/env PATH=/usr/sbin:/usr/bin:/sbin:/bin"


def is_encrypted(machine):
    return machine.stack.startswith("crypto")


def copy_debian(vm, places, encrypted):
    """Onto the active stack, and let it make its initramfs, which needs to see the stack."""
    vm.run(f"mount -t ext4 {stacks.ROOT} {ROOT} && mkdir -p {ROOT}/boot /source"
           f" && mount -t ext4 {places['boot']} {ROOT}/boot"
           f" && mount -t ext4 -o ro {SOURCE} /source")
    vm.run(f"cp -a /source/. {ROOT}/ && umount /source", timeout=600)
    vm.run(f"mount -t vfat {TARGET}1 {ROOT}/boot/efi && for d in dev proc sys run;"
           f" do mount --bind /$d {ROOT}/$d; done")
    vm.put(f"{ROOT}/etc/fstab", FSTAB)
    if encrypted:
        vm.put(f"{ROOT}/etc/crypttab",
               f"{stacks.OPENED} PARTUUID={disk.PARTUUID['pv']} none luks\n")
    release = kernel_release(LVM.series)
    vm.run(f"{CHROOT} update-initramfs -u -k {release}", timeout=900)
    vm.run(f"cp {ROOT}/boot/initrd.img-{release} {ROOT}/boot/efi/initrd")
    vm.run(f"for place in run sys proc dev boot/efi boot .; do umount {ROOT}/$place || break;"
           f" done; vgchange -an {stacks.GROUP}")


def install(lab, machine):
    """A VM, not started, with Debian on the machine's stack."""
    ensure_guest(machine.guest, machine.series)
    vm = lab.fresh(machine)
    rescue = lab.fresh(RESCUE)
    source = lab.work / "source.qcow2"
    disk.make_overlay(disk.guest_dir(machine) / "root.ext4", source, "raw")
    rescue.drives = [vm.disk, source]
    rescue.start().wait_shell()
    places = stacks.devices(machine, first=TARGET)
    stacks.run(rescue, stacks.STACKS[machine.stack].make, places)
    copy_debian(rescue, places, is_encrypted(machine))
    rescue.power_off()
    return vm


def unlock(vm):
    """Type the passphrase, as somebody must at each normal boot."""
    if is_encrypted(vm.machine):
        vm.wait_console(f"unlock disk {stacks.OPENED}")
        vm.console.send(f"{stacks.PASSPHRASE}\n")
    vm.wait_shell()


def follow_the_quickstart(vm):
    """From the swap volume to a golden image."""
    vm.run(f"fastbootctl prepare --yes {stacks.AREA}")
    vm.run(f"fastbootctl install --first --options '{vm.machine.loader}'")
    vm.run("echo 'overlayroot=\"tmpfs:recurse=0\"' >/etc/overlayroot.conf"
           " && echo HEALTHY_DELAY=2 >>/etc/default/fastboot && sync")
    vm.console.drain()
    vm.reboot()
    unlock(vm)
    settle(vm)
    vm.run("modprobe fastboot_snapshot")
    vm.run("findmnt /boot/efi && findmnt /boot")


@pytest.mark.parametrize("machine", [LVM, LUKS], ids=lambda machine: machine.name)
def test_by_the_quickstart(lab, machine):
    """The EFI system partition is today's in each restored system, not that of the snapshot."""
    vm = install(lab, machine)
    lab.own(warm_up(machine.changed(stack=""), vm.disk, vm.variables, lab.log_dir))
    vm.start()
    unlock(vm)
    settle(vm)
    follow_the_quickstart(vm)
    boot_id = checks.boot_id(vm)
    take_snapshot(vm, command="fastbootctl snapshot golden")
    vm.run("findmnt /boot/efi")
    vm.power_off()
    for number in (1, 2):
        note = lab.work / "note"
        note.write_text(f"update {number}\n")
        disk.put_on_esp(machine, vm.disk, [(note, "note")])
        vm = lab.again(vm).start()
        vm.wait_restored()
        checks.restored_state(vm, restores=number)
        assert checks.boot_id(vm) == boot_id
        checks.called_good(vm)
        checks.wait_for(vm, "findmnt /boot/efi")
        assert vm.run("cat /boot/efi/note").output == f"update {number}"
        vm.power_off()
