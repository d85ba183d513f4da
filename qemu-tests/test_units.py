# SPDX-License-Identifier: GPL-2.0-or-later
"""The units of the build, in a Debian: arming, and what runs after a restore."""

import pytest

from harness import checks, machines, product, restores
from harness.checks import wait_for
from harness.golden import install_loader, take_snapshot

# Armed by the command line: the root forgets a `systemctl enable fastboot-arm`.
ARMED = machines.DEBIAN.changed(name="debian-armed", network=False, cpus=1,
                                cmdline="overlayroot=tmpfs systemd.wants=fastboot-arm.service")
# With one more device the loader refuses, for a reason that a new image removes.
CHANGED = ARMED.changed(devices=("virtio-rng-pci",))

HOOKS = "/etc/fastboot/restored.d"
# The data: missing in the image, and present again some time after each restore.
DATA = "/run/data"
UNMOUNT = f"""#!/bin/sh
case $1 in
pre) systemctl stop job.service && rmdir {DATA}; sleep 2 ;;
post) mkdir {DATA} ;;
esac
"""
# A job that is due each second and needs the data.
JOB_LOG = "/run/job.log"
JOB = {"job.timer": "[Timer]\nOnCalendar=*:*:*\nAccuracySec=100ms\n",
       "job.service": "[Service]\nType=oneshot\n"
                      f"ExecStart=/bin/sh -c 'ls -d {DATA} >>{JOB_LOG} 2>&1'\n"
                      "[Unit]\nStartLimitIntervalSec=0\n"}
DAEMON = """[Unit]
PartOf=fastboot-restored.target
[Service]
ExecStart=/bin/sleep infinity
ExecStartPre=/bin/sh -c 'echo daemon >>/run/restored.log'
[Install]
WantedBy=fastboot-restored.target
"""


def arm_log(vm):
    return product.unit_log(vm, "fastboot-arm")


def wait_arm_log(vm, line):
    wait_for(vm, f"journalctl -q -o cat -u fastboot-arm.service | grep -qx '{line}'")


def armed(vm, generation):
    """Wait until fastboot-arm has taken an image and has ended."""
    # This loop is in the image, too, and must end in a restored system as well.
    wait_for(vm, f"grep -Eq '^(saved|restored) generation={generation}( |$)'"
             " /sys/power/fastboot_snapshot", timeout=400)
    wait_for(vm, "! systemctl -q is-active fastboot-arm.service")


def put_hooks(vm):
    """Install a program that fails, between two that work, and a service that the target wants."""
    vm.run(f"mkdir -p {HOOKS}")
    for name, last in (("10-first", "true"), ("20-fails", "exit 7"),
                       ("30-last", f"sleep 2; mkdir -p {DATA}")):
        vm.put(f"{HOOKS}/{name}", f"#!/bin/sh\necho {name} >>/run/restored.log\n{last}\n", "755")
    vm.put("/etc/systemd/system/daemon.service", DAEMON)
    vm.run("systemctl daemon-reload && systemctl enable daemon.service")


def put_job(vm):
    vm.run(f"mkdir -p {DATA} /etc/fastboot/snapshot.d")
    vm.put("/etc/fastboot/snapshot.d/50-unmount", UNMOUNT, "755")
    for name, text in JOB.items():
        vm.put(f"/etc/systemd/system/{name}", text)
    vm.run("systemctl daemon-reload && systemctl start job.timer")
    job_has_its_data(vm)


def job_has_its_data(vm):
    """The job runs again, with its data, and never ran without."""
    done = int(vm.run(f"cat {JOB_LOG} 2>/dev/null | wc -l").output)
    wait_for(vm, f"test $(wc -l <{JOB_LOG}) -gt {done}")
    assert set(vm.run(f"cat {JOB_LOG}").output.split("\n")) == {DATA}


def save(vm):
    take_snapshot(vm, command="fastbootctl snapshot golden")
    job_has_its_data(vm)


def hooks_ran(vm, before):
    """Each program ran once in this restore, in order, and the failure is reported."""
    wait_for(vm, f"test $(wc -l </run/restored.log) -ge {before + 4}")
    checks.called_good(vm, 90)
    wait_for(vm, "systemctl -q is-active fastboot-restored.target")
    lines = vm.run("cat /run/restored.log").output.split()
    new = lines[before:]
    assert [line for line in new if line != "daemon"] == ["10-first", "20-fails", "30-last"], lines
    assert new.count("daemon") == 1, lines
    assert vm.run("systemctl is-failed fastboot-restored.service").output == "failed"
    assert "20-fails exited with return code 7" in product.unit_log(vm, "fastboot-restored")
    job_has_its_data(vm)


# Records of crashes in the firmware's store (include/linux/efi.h, LINUX_EFI_CRASH_GUID).
RECORDS = f"{product.EFIVARS}/*-cfc8fc79-be2e-4ddc-97f0-9f98bfe298a0"


def crash(vm):
    """Crash the system and wait until it is back in the golden state."""
    vm.run("sysctl -q kernel.panic=1")
    restores.crash(vm)
    vm.wait_restored()


def records_are_fetched(vm):
    """The crash's record is archived, and deleted from the store; the image's pstore has none."""
    wait_for(vm, "test -n \"$(ls -A /var/lib/systemd/pstore)\"")
    wait_for(vm, "! systemctl -q is-active fastboot-pstore.service")
    assert vm.run("systemctl is-failed fastboot-pstore.service", check=False).output == "inactive"
    product.remount_efivars(vm)
    vm.run(f"! ls {RECORDS}")


@pytest.fixture(scope="module")
def saved(module_lab):
    """A machine that is off: saved by fastboot-arm at its first boot, then again by hand."""
    vm = module_lab.warm(ARMED).start()
    vm.wait_shell()
    install_loader(vm)
    armed(vm, 1)
    assert "due: no-image: " in arm_log(vm)
    wait_arm_log(vm, "saved: golden image, generation 1")
    slot = product.status(vm)["slots"]["a"]
    assert (slot["mode"], slot["description"]) == ("golden", "armed: no-image")
    vm.run("systemctl start fastboot-arm.service")
    armed(vm, 1)
    assert "not due: not-first: " in arm_log(vm)

    put_hooks(vm)
    put_job(vm)
    vm.run("echo HEALTHY_DELAY=2 >>/etc/default/fastboot")
    save(vm)
    assert vm.run("systemctl is-active fastboot-restored.target", check=False).output == "inactive"
    vm.run("[ ! -e /run/restored.log ]")
    vm.power_off()
    return vm


@pytest.mark.trouble_expected("Kernel panic - not syncing: sysrq triggered crash")
@pytest.mark.trouble_expected("Call Trace")
def test_hooks_at_each_restore(lab, saved):
    """Two restores of one image, a crash between; then of an image with the target active."""
    vm = lab.again(saved).start()
    vm.wait_restored()
    checks.restored_state(vm, generation=2, restores=1)
    hooks_ran(vm, before=0)
    crash(vm)
    checks.restored_state(vm, generation=2, restores=2)
    records_are_fetched(vm)
    hooks_ran(vm, before=0)
    save(vm)
    vm.power_off()
    for number in (1, 2):
        vm = lab.again(saved).start()
        vm.wait_restored()
        checks.restored_state(vm, generation=3, restores=number)
        hooks_ran(vm, before=4)
        vm.kill()


def test_armed_after_a_change(lab, saved):
    """A refusal, a normal boot, a new image, and the machine is fast again."""
    vm = lab.again(saved, CHANGED).start()
    assert checks.normal_boot_after_refusal(vm, "pci-devices")
    newest = max(slot["generation"] for slot in product.status(vm)["slots"].values())
    armed(vm, newest + 1)
    assert "due: pci-devices: " in arm_log(vm)
    vm.power_off()
    vm = lab.again(vm, CHANGED).start()
    vm.wait_restored_idle()
    assert vm.state().startswith("restored ")
    # The unit was running when the image was taken, and ends here, too.
    wait_for(vm, "! systemctl -q is-active fastboot-arm.service")
    wait_arm_log(vm, f"restored: generation {newest + 1}, restore 1")
    assert vm.run("systemctl is-failed fastboot-arm.service", check=False).output == "inactive"
