# SPDX-License-Identifier: GPL-2.0-or-later
"""The loader starts the kernel itself, so that root is not the kernel (docs/security.md, "Level B").

Twice: under shim; and without it, where the firmware starts what the machine's owner has signed, and
nothing else.
"""

import errno

import pytest

from harness import checks, disk, mok, product, uki, variables
from harness.disk import ON_ESP, VETTED_WORDS
from harness.golden import take_snapshot
from harness.machines import VETTED, VETTED_OWN_KEYS
from harness.paths import host
from harness.vm import REFUSED

VETTED_ONLY = 1     # struct img_history, flags
MACHINES = pytest.mark.parametrize("machine", [
    VETTED, VETTED_OWN_KEYS,
    VETTED.changed(name="tiny-vetted-6.1", series="6.1"),
    VETTED.changed(name="tiny-vetted-newest", series="newest"),
], ids=lambda machine: machine.name)


def change_options(vm, options):
    """The boot entry of a machine that is off."""
    variables.write(vm.variables,
                    [variables.boot_variable(variables.loader_entry(vm.machine, options))])


def flags(vm):
    """Of the history, which no system can see."""
    history = variables.read(vm.variables).get("FastbootHistory")
    return int.from_bytes(history.data[4:8], "little") if history else 0


def secret(vm):
    kept = variables.read(vm.variables).get("FastbootSecret")
    return kept and kept.data


def booted_vetted(vm, code="slot-empty"):
    """The loader has started the kernel, which hides its memory from root."""
    checks.normal_boot_after_refusal(vm, code)
    assert VETTED_WORDS in vm.run("cat /proc/cmdline").output
    vm.run("mount -t securityfs securityfs /sys/kernel/security")
    assert "[confidentiality]" in vm.run("cat /sys/kernel/security/lockdown").output
    assert vm.run("cat /proc/sys/kernel/kexec_load_disabled").output.strip() == "1"
    answer = vm.run("head -c 4096 /proc/kcore", check=False)
    assert answer.status and "Operation not permitted" in answer.output


def booted_by_grub(vm, code="slot-empty"):
    checks.normal_boot_after_refusal(vm, code)
    assert VETTED_WORDS not in vm.run("cat /proc/cmdline").output
    assert vm.console.first("Welcome to GRUB!")


@pytest.mark.full
@MACHINES
def test_restored(lab, machine):
    """A snapshot, a restore, and a second snapshot of the restored system."""
    vm = lab.warm(machine).start()
    booted_vetted(vm)
    facts = checks.leave_traces(vm)
    take_snapshot(vm)
    vm.power_off()
    assert flags(vm) == VETTED_ONLY

    vm = lab.again(vm).start()
    vm.wait_restored()
    checks.traces(vm, facts)
    checks.restored_state(vm)
    assert "[confidentiality]" in vm.run("cat /sys/kernel/security/lockdown").output
    checks.saved(vm, 2)
    vm.power_off()


@pytest.mark.full
def test_what_others_have_seen(lab):
    """An image, and a key, of the time when any kernel had keys are worth nothing; no kernel that
    GRUB starts gets another."""
    vm = lab.warm(VETTED.changed(name="tiny-unvetted", loader="verbose")).start()
    booted_by_grub(vm)
    take_snapshot(vm)
    vm.power_off()
    seen = secret(vm)
    assert seen and flags(vm) == 0

    vm = lab.again(vm)
    change_options(vm, VETTED.loader)
    vm.start()
    booted_vetted(vm, "not-authentic")
    vm.power_off()
    assert secret(vm) not in (None, seen) and flags(vm) == VETTED_ONLY
    kept = secret(vm)

    vm = lab.again(vm)
    change_options(vm, "verbose")
    vm.start()
    booted_by_grub(vm, "not-authentic")
    checks.start_counter(vm)
    checks.refused(vm, {"no-seal-key"}, errno.EPERM)
    vm.power_off()

    vm = lab.again(vm)
    change_options(vm, VETTED.loader)
    vm.start()
    booted_vetted(vm, "not-authentic")
    assert product.write(vm, "golden").status == 0
    vm.power_off()
    assert secret(vm) == kept


def unsigned(vm, path):
    disk.make_unified(vm.machine, path)
    host("sbattach", "--remove", path)


def changed(vm, path):
    """One byte of the initrd, behind the last file in it."""
    disk.make_unified(vm.machine, path)
    content = bytearray(path.read_bytes())
    content[content.rindex(b"TRAILER!!!") + 20] ^= 1
    path.write_bytes(content)


def without_initrd(vm, path):
    """So that root may not choose one."""
    uki.make(path, disk.guest_dir(vm.machine) / "vmlinuz", None, VETTED_WORDS)


def without_lockdown(vm, path):
    guest = disk.guest_dir(vm.machine)
    uki.make(path, guest / "vmlinuz", guest / "initrd", "quiet lockdown=integrity")


def kernel_of_debian(vm, path):
    """Signed, but with anybody's initrd and command line."""
    mok.sign(disk.guest_dir(vm.machine) / "vmlinuz", path)


def grub(vm, path):
    """Signed, too, and would start any kernel with any command line."""
    path.write_bytes(disk.SIGNED_GRUB.read_bytes())


def leaves_nothing(vm):
    """The next entry boots, and neither a key nor a rule is left."""
    vm.wait_console("Welcome to GRUB!")
    vm.kill()
    assert secret(vm) is None and flags(vm) == 0


@pytest.mark.parametrize("spoil, why", [
    (changed, "Secure Boot does not accept it"),
    *(pytest.param(spoil, why, marks=pytest.mark.full) for spoil, why in (
        (unsigned, "Secure Boot does not accept it"),
        (without_initrd, "not a unified kernel image with an initrd"),
        (without_lockdown, "its command line lacks lockdown=confidentiality"),
        (kernel_of_debian, "not a unified kernel image with an initrd"),
        (grub, "not a unified kernel image with an initrd")))
], ids=lambda value: getattr(value, "__name__", ""))
def test_not_started(lab, spoil, why):
    """Nor does shim show a box."""
    vm = lab.fresh(VETTED)
    program = vm.disk.with_suffix(".efi")
    spoil(vm, program)
    disk.put_on_esp(VETTED, vm.disk, [(program, ON_ESP["unified"])])
    vm.start()
    vm.wait_firmware(rf"fastboot:   \\EFI\\Linux\\tiny.efi was not started: {why}")
    leaves_nothing(vm)


@pytest.mark.full
def test_unknown_option(lab):
    """Nobody knows then which kernel was meant: no key either."""
    vm = lab.fresh(VETTED)
    change_options(vm, f"{VETTED.loader} initrd=\\initrd")
    vm.start()
    assert vm.wait_firmware(REFUSED).group(1) == "bad-option"
    leaves_nothing(vm)


@pytest.mark.full
def test_own_keys_start_nothing_else(lab):
    """What Debian and Microsoft have signed has no command line to offer where they have no key."""
    vm = lab.fresh(VETTED_OWN_KEYS)
    variables.write(vm.variables, variables.boot_in_order([variables.GRUB, variables.DEBIAN]))
    vm.start()
    for entry in (variables.GRUB, variables.DEBIAN):
        vm.wait_console(rf"BdsDxe: failed to load Boot{entry.number:04X} .*Access Denied")
