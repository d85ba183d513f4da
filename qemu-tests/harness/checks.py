# SPDX-License-Identifier: GPL-2.0-or-later
"""What must be true of any restored machine, and the traces by which that is checked.

Each check asks the guest and asserts on its answer.
"""

import os
import re
import time

from . import disk, product
from .vm import KERNEL_STARTS, REFUSED, RESTORED, RESTORING

TEST_GUID = "6f0c7a52-3b5e-4c55-9f0e-3b1a8f0c2d11"

COUNTER = "i=0; while :; do i=$((i+1)); echo $i >/tmp/counter; sleep 0.2; done"


def wait_for(vm, command, timeout=60):
    """Wait until the command succeeds in the guest."""
    vm.run(f"until {command}; do sleep 0.1; done 2>/dev/null", timeout=timeout)


def believe(vm, words, ready="/tmp/ready"):
    """Start guest/tiny/inside/believe.c with these words; its device is in use on return."""
    vm.run(f"believe {words} </dev/null >{ready} 2>&1 &")
    wait_for(vm, f"grep -q ready {ready}")


def keep_caches(vm):
    """Let the next image keep the page cache.

    If the image may be larger than all of memory, the kernel has no reason to drop caches, or to
    swap, to make room for the copy.
    """
    vm.run("echo 2147483648 >/sys/power/image_size")


def boot_id(vm):
    """Random, and drawn at each boot: equal before and after a restore."""
    return vm.run("cat /proc/sys/kernel/random/boot_id").output


def start_counter(vm):
    vm.run(f"({COUNTER}) </dev/null >/dev/null 2>&1 & echo $! >/tmp/counter.pid")
    wait_for(vm, "test -s /tmp/counter")


def leave_traces(vm):
    """Before the snapshot: leave 32 MiB in memory and a process, which traces() finds again.

    A driver of the tests (guest/witness) and a watcher of the image's partition log what they
    notice of the snapshot.
    """
    vm.run("head -c 33554432 /dev/urandom >/tmp/pattern")
    start_counter(vm)
    vm.run(f"inotify-log {product.area_partition(vm)} </dev/null >/tmp/watched 2>&1 &")
    wait_for(vm, "grep -q ready /tmp/watched")
    vm.run("modprobe pm_witness")
    mode = vm.run("cat /sys/power/disk").output.strip()
    return {"mode_before": mode, "pattern": vm.run("sha256sum </tmp/pattern").output,
            "pid": vm.run("cat /tmp/counter.pid").output.strip(),
            "boot_id": boot_id(vm)}


def seen_of_the_snapshot(vm):
    """What udev and a driver notice of it, in the saved machine or in the restored one."""
    log = vm.run("dmesg").output
    return {"watched": vm.run("cat /tmp/watched").output.split(),
            "witness": re.findall(r"witness: (.*)", log),
            "mode": vm.run("cat /sys/power/disk").output.strip()}


def traces(vm, facts):
    """The memory is unchanged, the process is the same and still runs."""
    assert boot_id(vm) == facts["boot_id"]
    assert vm.run("sha256sum </tmp/pattern").output == facts["pattern"]
    vm.run(f"kill -0 {facts['pid']}")
    keeps_running(vm)


def keeps_running(vm):
    """The counting process still counts."""
    vm.run("until n=$(cat /tmp/counter); [ -n \"$n\" ]; do :; done;"
           " until [ \"$(cat /tmp/counter)\" -gt $n ]; do sleep 0.1; done 2>/dev/null", timeout=10)


def restored_state(vm, generation=1, restores=1):
    assert vm.state() == f"restored generation={generation} restores={restores}"


def processors(vm):
    """All are online, run the process that is pinned to them, and get timer interrupts."""
    count = vm.machine.cpus
    online = vm.run("cat /sys/devices/system/cpu/online").output.strip()
    assert online == ("0" if count == 1 else f"0-{count - 1}")
    for number in range(count):
        ran_on = vm.run(f"taskset -c {number} cat /proc/self/stat").output.split()[38]
        assert int(ran_on) == number
    ticks = "grep LOC: /proc/interrupts"
    before = vm.run(ticks).output.split()[1:1 + count]
    time.sleep(1)
    after = vm.run(ticks).output.split()[1:1 + count]
    stopped = [number for number in range(count) if int(after[number]) <= int(before[number])]
    assert not stopped, f"no timer interrupts on processors {stopped}"


NEXT_SECOND = "s=$(date +%s); while [ $(date +%s) = $s ]; do :; done; date +%s"
RTC = "/sys/class/rtc/rtc0/since_epoch"


def clock(vm, firmware_starts=1):
    """The system clock has followed the machine's clock, and that one the host's.

    Read when a second begins, because not every `date` prints fractions.  The machine's clock
    has whole seconds, and each start of OVMF sets it back by the begun fraction.  It is read
    from QEMU and from the kernel's driver.
    """
    for _ in range(3):  # on a busy host an answer may be late; a wrong clock stays wrong
        guest = int(vm.run(NEXT_SECOND).output)
        off = guest - time.time()
        if abs(off) <= 1.5 + firmware_starts:
            break
    assert abs(off) <= 1.5 + firmware_starts, f"the guest's clock is {off:.1f} s off"
    before = vm.machine_clock()
    rtc, system = map(int, vm.run(f"cat {RTC}; date +%s").output.split())
    after = vm.machine_clock()
    assert before - 1 <= system <= after + 1, \
        f"the system clock says {system}, the machine's {before} to {after}"
    assert abs(rtc - system) <= 1, f"the RTC says {rtc}, the system {system}"


def disk_io(vm):
    """Bytes written past the page cache are read back; they are new each time."""
    scratch = vm.machine.partition(disk.SCRATCH)
    vm.run("head -c 65536 /dev/urandom >/tmp/written")
    vm.run(f"dd if=/tmp/written of={scratch} bs=64k oflag=direct conv=fsync 2>/dev/null")
    vm.run(f"dd if={scratch} of=/tmp/read bs=64k count=1 iflag=direct 2>/dev/null")
    vm.run("cmp /tmp/written /tmp/read")
    vm.run("rm /tmp/written /tmp/read")


def efi_variables(vm, name):
    """A variable written now is read back; name must be new on this machine."""
    path = f"{product.EFIVARS}/{name}-{TEST_GUID}"
    vm.run(f"printf '\\007\\000\\000\\000written-{name}' >{path}")
    assert vm.run(f"dd if={path} bs=4 skip=1 2>/dev/null").output == f"written-{name}"
    assert vm.run(f"cat {product.EFIVARS}/BootCurrent-*").status == 0


def random_bytes(vm):
    """For a comparison between restores of one image."""
    return vm.run("head -c 24 /dev/urandom | base64").output.strip()


def whole_machine(vm, variable, firmware_starts=1):
    processors(vm)
    clock(vm, firmware_starts)
    disk_io(vm)
    efi_variables(vm, variable)


def normal_boot_after_refusal(vm, code):
    """The loader reports the code on the console, and the firmware boots the normal system."""
    assert vm.wait_firmware(REFUSED).group(1) == code
    return normal_boot(vm, code)


def normal_boot(vm, code):
    """The normal system is up, and can read the reason for it."""
    vm.wait_shell()
    return knows_why(vm, code)


def knows_why(vm, code):
    """The normal system, whose shell answers, can read the reason for it."""
    result = vm.last_result()
    assert result.get("result") == "refused"
    assert result.get("code") == code
    assert result.get("sentence") and result.get("advice")
    vm.run("modprobe fastboot_snapshot")
    assert vm.state() == "idle"
    return result


def reason_everywhere(vm, code):
    """Like normal_boot_after_refusal; module and tool report the same reason as the loader."""
    result = normal_boot_after_refusal(vm, code)
    lines = product.attribute(vm, "loader_result").splitlines()
    assert dict(line.split("=", 1) for line in lines) == result
    assert product.status(vm)["loader"]["last_result"] == result
    return result


def outcome(vm, facts):
    """Either the image is restored to the last bit, or the normal kernel starts.

    Returns "restored", or the code of the refusal.
    """
    said = vm.wait_firmware(f"{RESTORING}|{RESTORED}|{REFUSED}|{KERNEL_STARTS}")
    code = said.group(1)
    if said.group().startswith(KERNEL_STARTS):  # a busy host has lost the line at both ports
        vm.wait_shell()
        return vm.last_result()["code"]
    if code is None:
        vm.wait_restored()
        traces(vm, facts)
        return "restored"
    vm.wait_console(KERNEL_STARTS)
    assert not vm.console.first(RESTORING)
    return code


def partition_named(vm, partition):
    """The refusal on the console names this partition (as in disk.PARTUUID)."""
    named = vm.wait_firmware(r"fastboot:   partition ([0-9a-f-]{36}): ").group(1)
    assert named == disk.PARTUUID[partition]


def partition_blamed(vm, facts, code, partition):
    """The loader refused, because of this partition."""
    assert outcome(vm, facts) == code
    partition_named(vm, partition)


def called_good(vm, timeout=60):
    """The attempt that the loader counted is taken back within the timeout."""
    wait_for(vm, f"fastbootctl status {product.area_partition(vm)} --json"
             " | grep -q '\"attempts\": *0'", timeout)


def hibernation_is_closed(vm):
    """No program hibernates: by lockdown, or beside a golden image."""
    for command in ("head -c 1 /dev/snapshot", "echo disk >/sys/power/state"):
        answer = vm.run(command, check=False)
        assert answer.status, command
        assert not vm.machine.firmware.secure or "Operation not permitted" in answer.output


def nothing_held(vm):
    """The module has given back all it took."""
    assert product.parameter(vm, "held") == "0"


def refused(vm, codes, error, command="golden"):
    """The command fails with these obstacles, in sysfs and in the log; the machine keeps running.

    error: the errno of the first obstacle.  Returns {code: details}.
    """
    state = vm.state()
    answer = product.write(vm, command)
    assert answer.status != 0, f"{command}: not refused"
    assert set(answer.refusal) == set(codes), answer.refusal
    assert os.strerror(error) in answer.output, (answer.output, answer.refusal)
    for code, details in answer.refusal.items():
        assert "what to do: " in details
        assert f"fastboot: {code}: " in answer.log
    assert vm.state() == state
    nothing_held(vm)
    keeps_running(vm)
    return answer.refusal


def saved(vm, generation, command="golden"):
    """The snapshot succeeds."""
    answer = product.write(vm, command)
    assert answer.status == 0 and not answer.refusal, (answer.output, answer.refusal)
    assert vm.state() == f"saved generation={generation}"
    nothing_held(vm)
    keeps_running(vm)
    return answer
