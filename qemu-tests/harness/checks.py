# SPDX-License-Identifier: GPL-2.0-or-later
"""What must be true of a restored machine, whichever it is.

Each check asks the guest and asserts on its answer.
"""

import time

from . import disk

TEST_GUID = "6f0c7a52-3b5e-4c55-9f0e-3b1a8f0c2d11"
EFIVARS = "/sys/firmware/efi/efivars"


COUNTER = "i=0; while :; do i=$((i+1)); echo $i >/tmp/counter; sleep 0.2; done"


def leave_traces(vm):
    """Before the snapshot: 32 MiB in memory and a process, to be found again after it."""
    vm.run("head -c 33554432 /dev/urandom >/tmp/pattern")
    vm.run(f"({COUNTER}) </dev/null >/dev/null 2>&1 & echo $! >/tmp/counter.pid")
    return {"pattern": vm.run("sha256sum </tmp/pattern").output,
            "pid": vm.run("cat /tmp/counter.pid").output.strip(),
            "boot_id": vm.run("cat /proc/sys/kernel/random/boot_id").output}


def traces(vm, facts):
    """The memory is unchanged, the process is the same and runs."""
    assert vm.run("cat /proc/sys/kernel/random/boot_id").output == facts["boot_id"]
    assert vm.run("sha256sum </tmp/pattern").output == facts["pattern"]
    vm.run(f"kill -0 {facts['pid']}")
    before = int(vm.run("cat /tmp/counter").output)
    assert int(vm.run("sleep 1; cat /tmp/counter").output) > before


def restored_state(vm, generation=1, restores=1):
    assert vm.state() == f"restored generation={generation} restores={restores}"


def processors(vm):
    """All are online, and each one runs what is put on it."""
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
    """The system's clock has followed the machine's, and that the host's.

    Asked at the turn of a second, since not every date tells fractions.  The
    machine's clock has whole seconds, and each start of OVMF sets it back by
    the fraction it has just begun.
    """
    guest = int(vm.run(NEXT_SECOND).output)
    off = guest - time.time()
    assert abs(off) <= 1.5 + firmware_starts, f"the guest's clock is {off:.1f} s off"
    rtc, system = vm.run(f"cat {RTC}; date +%s").output.split()
    assert abs(int(rtc) - int(system)) <= 1, f"the RTC says {rtc}, the system {system}"


def disk_io(vm):
    """Bytes written past the page cache come back, and are new each time."""
    scratch = vm.machine.partition(disk.SCRATCH)
    vm.run("head -c 65536 /dev/urandom >/tmp/written")
    vm.run(f"dd if=/tmp/written of={scratch} bs=64k oflag=direct conv=fsync 2>/dev/null")
    vm.run(f"dd if={scratch} of=/tmp/read bs=64k count=1 iflag=direct 2>/dev/null")
    vm.run("cmp /tmp/written /tmp/read")
    vm.run("rm /tmp/written /tmp/read")


def efi_variables(vm, name):
    """A variable written now is read back; name must be new on this machine."""
    path = f"{EFIVARS}/{name}-{TEST_GUID}"
    vm.run(f"printf '\\007\\000\\000\\000written-{name}' >{path}")
    assert vm.run(f"dd if={path} bs=4 skip=1 2>/dev/null").output == f"written-{name}"
    assert vm.run(f"cat {EFIVARS}/BootCurrent-*").status == 0


def random_bytes(vm):
    """To be compared between restores of one image."""
    return vm.run("head -c 24 /dev/urandom | base64").output.strip()


def whole_machine(vm, variable, firmware_starts=1):
    processors(vm)
    clock(vm, firmware_starts)
    disk_io(vm)
    efi_variables(vm, variable)


def normal_boot_after_refusal(vm, code):
    """The firmware went on to the normal system, which can read the reason."""
    match = vm.wait_console(r"fastboot: refused: ([^\s:]+):")
    assert match.group(1) == code
    vm.wait_shell()
    result = vm.last_result()
    assert result.get("result") == "refused"
    assert result.get("code") == code
    assert result.get("sentence") and result.get("advice")
    vm.run("modprobe fastboot_snapshot")
    assert vm.state() == "idle"
    return result
