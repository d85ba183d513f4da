# SPDX-License-Identifier: GPL-2.0-or-later
"""What the image believes about the world outside memory: it is forgotten, or proven.

docs/safety.md has the list.  When its image is taken, the machine believes as much as possible:
programs hold unmounted devices open, the page cache has their blocks, swap space is in use.
"""

import signal

import pytest

from harness import checks, disk, machines, product, scratch
from harness.vm import REFUSED, RESTORED, RESTORING

MACHINE = machines.SMALL.changed(name="tiny-beliefs", scratch="", file_systems=("ext4",),
                                 second_disk=True)
DATA, SWAP = "/dev/vda3", "/dev/vda4"

# A program that holds a device open keeps its cache, whatever happens to the disk meanwhile.
HOLDERS = ("read /dev/vda3", "read /dev/vda", "map /dev/vda3", "read /dev/loop0")


def session(name):
    """Commands that write six files and their checksums, and unmount cleanly."""
    return (f"mount -t ext4 {DATA} /mnt && mkdir /mnt/{name} && for i in 1 2 3 4 5 6; do"
            f" head -c 300000 /dev/urandom >/mnt/{name}/f$i || break; done"
            f" && (cd /mnt/{name} && sha256sum f* >sums) && umount /mnt")


def check_session(name):
    return (f"mount -t ext4 -o ro {DATA} /mnt && (cd /mnt/{name} && sha256sum -c sums)"
            " && umount /mnt")


def believe(vm):
    # Busybox's mke2fs makes no metadata checksums: only the files show damage.
    vm.run(f"mke2fs {DATA} >/dev/null 2>&1")
    vm.run(f"modprobe loop && losetup -r /dev/loop0 {DATA}")
    for number, holder in enumerate(HOLDERS):
        checks.believe(vm, holder, f"/tmp/ready.{number}")
    vm.run(session("zero"))
    vm.run(f"cat {DATA} /dev/loop0 >/dev/null; head -c 1048576 /dev/vda >/dev/null")
    vm.run(f"mkswap {SWAP} >/dev/null && swapon {SWAP}")
    checks.keep_caches(vm)
    return checks.leave_traces(vm)


def keep_working(vm):
    """What the saved machine does after its image was taken."""
    vm.run(check_session("zero"))
    vm.run(session("one"))
    return {}


@pytest.fixture(scope="module")
def golden(goldens):
    return goldens(MACHINE, believe, after=keep_working)


def test_caches_are_forgotten(lab, golden):
    """Sessions after the image wrote to a file system that the image does not know."""
    vm = lab.at_entry(golden).start()
    assert checks.outcome(vm, golden.facts) == "restored"
    vm.run(check_session("zero"))
    vm.run(check_session("one"))
    vm.run(session("two"))
    vm.power_off()
    scratch.check_from_outside(vm, vm.disk.with_suffix(".data"))
    vm = lab.at_entry(golden, after=vm).start()
    assert checks.outcome(vm, golden.facts) == "restored"
    for name in ("zero", "one", "two"):
        vm.run(check_session(name))
    vm.run(session("three"))
    vm.power_off()
    scratch.check_from_outside(vm, vm.disk.with_suffix(".data"))


def test_swap_space_is_proven(lab, golden):
    """If it became a file system meanwhile, swapping would overwrite that."""
    vm = lab.at_entry(golden)
    image = vm.disk.with_suffix(".ext4")
    disk.make_file_system("ext4", image, "an update")
    disk.write_partition(MACHINE, vm.disk, "ext4", image)
    vm.start()
    checks.partition_blamed(vm, golden.facts, "swap-changed", "ext4")


def test_table_of_an_idle_disk(lab, golden):
    """The disk is not in use, but the saved kernel knows where its partitions were."""
    vm = lab.copy(golden)
    disk.edit_table(vm.drives[0], "--part-label", 1, "renamed")
    vm.start()
    checks.partition_blamed(vm, golden.facts, "partition-table", "second")


def test_disk_at_another_port(lab, golden):
    """The firmware still finds it; the saved kernel would write to whatever is at the old port."""
    moved = golden.machine.changed(places=("", "bus=ide.1"))
    vm = lab.copy(golden, moved).start()
    checks.partition_blamed(vm, golden.facts, "disk-moved", "second")


def test_clone(lab, golden):
    """The same disk to the last byte, at the same port, with another serial number."""
    clone = golden.machine.changed(places=("", "bus=ide.0,serial=CLONE"))
    vm = lab.copy(golden, clone).start()
    checks.partition_blamed(vm, golden.facts, "disk-replaced", "second")


# At USB, firmware and kernel have no common name for a place: the kernel checks the disks itself.

AT_USB = machines.SMALL.changed(name="tiny-usb", second_disk=True, second_bus="usb")


def use_usb(vm):
    vm.run("mkdir /second && mount -t ext4 -o ro /dev/sda1 /second")
    return checks.leave_traces(vm)


@pytest.fixture(scope="module")
def at_usb(goldens):
    return goldens(AT_USB, use_usb)


def kernel_refuses(vm, code):
    """The restored kernel resets the machine before a task runs; the loader then reports why."""
    vm.wait_firmware(RESTORING)
    vm.wait_console(f"fastboot: {code}: ")
    assert vm.wait_firmware(REFUSED).group(1) == code
    checks.partition_named(vm, "second")
    assert not vm.console.first(RESTORED)


def test_disks_exchanged_where_no_place_is_known(lab, at_usb):
    """Only their contents differ; with the disks back in place, the image is usable again."""
    vm = lab.copy(at_usb)
    blank = disk.make_blank(vm.disk.with_name("blank.qcow2"), 64)
    second, = vm.drives
    vm = lab.again(vm, drives=[blank, second]).start()
    kernel_refuses(vm, "disk-moved")
    checks.normal_boot(vm, "disk-moved")
    vm.power_off()
    assert disk.is_blank(blank)
    vm = lab.again(vm, drives=[second, blank]).start()
    assert checks.outcome(vm, at_usb.facts) == "restored"
    assert product.attribute(vm, "attempts") == "2"


def test_driver_refuses_a_clone(lab, at_usb):
    """The loader does not know its serial number; the kernel does."""
    vm = lab.copy(at_usb, AT_USB.changed(places=("", "port=1,serial=clone"))).start()
    kernel_refuses(vm, "disk-read")


# What is mended after each restore, and a machine that looks the same with its disks exchanged.

MENDED = machines.SMALL.changed(name="tiny-mended", devices=("i6300esb",), second_disk=True,
                                second_bus="virtio", places=("addr=0x8", "addr=0x9"))


def spoil(vm):
    """Put the clock three hours ahead of the RTC, and start a watchdog and its feeder."""
    vm.run("date -s @$(($(date +%s) + 10800))")
    vm.run("echo 1 >/sys/module/fastboot_snapshot/parameters/rtc_is_utc")
    vm.run("watchdog -T 10 -t 1 /dev/watchdog")  # runs in the background
    return checks.leave_traces(vm)


@pytest.fixture(scope="module")
def mended(goldens):
    return goldens(MENDED, spoil)


def test_disks_exchanged(lab, mended):
    """The firmware sees the same machine: two disks of one kind, at the same places."""
    vm = lab.copy(mended, MENDED.changed(places=MENDED.places[::-1])).start()
    checks.partition_blamed(vm, mended.facts, "disk-moved", "area")
    vm.kill()
    vm = lab.again(vm, MENDED).start()
    assert checks.outcome(vm, mended.facts) == "restored"


@pytest.mark.full
def test_disk_does_not_answer(lab, mended):
    """After the jump no request to it ends or fails: the kernel waits no longer than a minute."""
    vm = lab.copy(mended)
    second, = vm.drives
    served = disk.serve(second)
    try:
        vm = lab.again(vm, drives=[served.overlay]).start()
        vm.wait_firmware(RESTORING)
        served.process.send_signal(signal.SIGSTOP)
        vm.wait_console("fastboot: disk-read: ", timeout=150)
        served.process.send_signal(signal.SIGCONT)
        assert vm.wait_firmware(REFUSED).group(1) == "disk-read"
        assert not vm.console.first(RESTORED)
    finally:
        served.process.kill()


def test_clock_is_set_from_the_rtc(lab, mended):
    vm = lab.at_entry(mended).start()
    assert checks.outcome(vm, mended.facts) == "restored"
    checks.clock(vm)


def test_watchdog_bites_after_a_restore(lab, mended):
    """Once its feeder has stopped, the machine ends in the golden state, as the recipe says."""
    vm = lab.at_entry(mended).start()
    assert checks.outcome(vm, mended.facts) == "restored"
    vm.run("sleep 12")  # it is fed
    checks.restored_state(vm)
    vm.run("kill -STOP $(pidof watchdog)")
    vm.console.drain()
    vm.wait_console(RESTORED)
    checks.traces(vm, mended.facts)
    checks.restored_state(vm, restores=2)


# Another system, hibernated on a disk.

SLEEPER = machines.SMALL.changed(name="tiny-sleeper", area_mib=640, swap_mib=360)
AREA = "/dev/vda2"


@pytest.fixture(scope="module")
def sleepers(goldens):
    return goldens(SLEEPER)


def resume_device(vm):
    return vm.run(f"cat /sys/class/block/{AREA.rsplit('/', 1)[1]}/dev").output.strip()


def hibernate(vm):
    """Hibernate by the kernel alone, as an administrator can after removing the module."""
    vm.run("rmmod fastboot_snapshot && mkdir -p /tmp/asleep")
    vm.run(f"swapon {AREA} && echo {resume_device(vm)} >/sys/power/resume")
    vm.run("echo shutdown >/sys/power/disk")
    vm.shell.send("echo disk >/sys/power/state\n")
    vm.wait_power_off()


def test_sleeper_is_not_passed_over(lab, sleepers):
    """It is in the image's own partition; after its resume the image is usable again."""
    vm = lab.at_entry(sleepers).start()
    assert checks.outcome(vm, sleepers.facts) == "restored"
    hibernate(vm)
    vm = lab.at_entry(sleepers, after=vm).start()
    assert checks.reason_everywhere(vm, "hibernated")["partition"] == disk.PARTUUID["area"]
    vm.run("rmmod fastboot_snapshot")
    vm.shell.send(f"echo {resume_device(vm)} >/sys/power/resume\n")
    vm.wait_console("hibernation exit")
    vm.run("[ -d /tmp/asleep ]")
    checks.traces(vm, sleepers.facts)
    vm.run(f"swapoff {AREA}")
    vm.power_off()
    vm = lab.at_entry(sleepers, after=vm).start()
    assert checks.outcome(vm, sleepers.facts) == "restored"
