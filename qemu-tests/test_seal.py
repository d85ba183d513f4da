# SPDX-License-Identifier: GPL-2.0-or-later
"""Sealed images: under Secure Boot, and without it by the loader's option seal=always.

What is on the disk is decoded by the second decoder, with the secret from the firmware's flash,
which no system can read.
"""

import errno

import pytest

from harness import checks, guests, images, machines, product, variables
from harness.golden import install_loader, take_snapshot
from harness.waiting import wait_until

OPEN = machines.SMALL.changed(name="tiny-seal", loader="seal=always")
SECURE = machines.SECURE
BOTH = pytest.mark.parametrize("machine", [SECURE, *(
    pytest.param(machine, marks=pytest.mark.full) for machine in (
        OPEN, *(SECURE.changed(name=f"tiny-secure-{series}", series=series)
                for series in ("6.1", "newest"))))], ids=lambda machine: machine.name)


def domain(machine):
    return "secure" if machine.firmware.secure else "open"


def with_a_key(lab, machine):
    """A VM that was booted normally through the loader."""
    guests.ensure_secure_boot()  # has what reads the flash
    vm = lab.booted(machine)
    if machine.firmware.secure:  # by the loader
        checks.knows_why(vm, "slot-empty")
    else:
        install_loader(vm, options=machine.loader)
        vm.console.drain()
        vm.reset()
        checks.normal_boot_after_refusal(vm, "slot-empty")
    assert product.attribute(vm, "seal") == domain(machine)
    return vm


def key_place(vm):
    """Where the loader of this boot left the key page."""
    file = f"{product.EFIVARS}/FastbootKeyPage-{variables.FASTBOOT}"
    octets = bytes.fromhex(vm.run(f"od -An -v -tx1 {file}").output.replace("\n", " "))
    assert octets[:4] == bytes([variables.BOOT_SERVICE | variables.RUNTIME, 0, 0, 0])
    return int.from_bytes(octets[4:], "little")


def power_off_wipes(vm, place):
    """Memory is kept, as it may be by a reset; the key page is not."""
    assert vm.memory(place, images.BLOCK).startswith(b"FBKEYPG1")
    vm.qmp.command("set-action", shutdown="pause")
    vm.shell.send("poweroff\n")
    wait_until(lambda: vm.qmp.command("query-status")["status"] == "shutdown", "power-off", 60)
    assert not any(vm.memory(place, images.BLOCK))
    vm.kill()


def secret_of(vm):
    name = "FastbootSecret" if vm.machine.firmware.secure else "FastbootOpenSecret"
    return variables.read(vm.variables)[name].data


def half_keys(slots, secret):
    """What must be nowhere in an image."""
    return {half for slot in slots for key in images.keys_of(slot, secret).values()
            for half in (key[:16], key[16:])}


def check_images(vm, generations, place):
    """All are authentic, each with its own salt, and none holds a key, or half of one.

    place: of the key page, which they must name.  Returns their nonces.
    """
    secret = secret_of(vm)
    with images.area_of(vm.machine, vm.disk, secret=secret) as area:
        slots = [slot for slot in area.slots if not slot.is_empty()]
        assert sorted(slot.header["generation"] for slot in slots) == generations
        for slot in slots:
            slot.verify()
            assert slot.authentic and slot.seal.domain == domain(vm.machine)
        assert len({slot.seal.salt for slot in slots}) == len(slots)
        forbidden = half_keys(slots, secret)
        for slot in slots:
            for pfn, page in slot.pages():
                assert not any(half in page for half in forbidden), hex(pfn)
        assert {slot.record["key_phys"] for slot in slots} == {place}
        return {slot.seal.nonce for slot in slots}


@pytest.mark.full
@BOTH
def test_two_images_of_one_boot(lab, machine):
    """The second is of memory in which the first was sealed.  A power-off wipes the key page."""
    vm = with_a_key(lab, machine)
    checks.start_counter(vm)
    for generation in (1, 2):
        checks.saved(vm, generation)
        checks.hibernation_is_closed(vm)
    place = key_place(vm)
    power_off_wipes(vm, place)
    assert len(check_images(vm, [1, 2], place)) == 1


@BOTH
def test_restored_with_another_key(lab, machine):
    """A restored system takes images, too: with the key of its restore, on the page it knew."""
    vm = with_a_key(lab, machine)
    facts = checks.leave_traces(vm)
    place = key_place(vm)
    take_snapshot(vm)
    vm.power_off()

    vm = lab.again(vm).start()
    vm.wait_restored()
    checks.traces(vm, facts)
    checks.restored_state(vm)
    vm.run("rmmod fastboot_snapshot && modprobe fastboot_snapshot")  # an upgrade
    assert product.attribute(vm, "seal") == domain(machine)
    checks.hibernation_is_closed(vm)
    take_snapshot(vm)
    power_off_wipes(vm, place)
    assert len(check_images(vm, [1, 2], place)) == 2

    vm = lab.again(vm).start()
    vm.wait_restored()
    checks.restored_state(vm, 2)
    checks.traces(vm, facts)


@pytest.fixture(scope="module")
def sealed(module_lab):
    vm = with_a_key(module_lab, OPEN)
    checks.start_counter(vm)
    return vm


def saved(vm):
    checks.saved(vm, int(product.attribute(vm, "generation")) + 1)


@pytest.mark.parametrize("step", ["seal-key", "seal-chunk", "seal-mac"])
def test_failing_cryptography(sealed, step):
    product.set_parameter(sealed, "fail_at", step)
    try:
        refusal = checks.refused(sealed, ["fault-injected"], errno.EIO)
    finally:
        product.set_parameter(sealed, "fail_at", "")
    assert f"step {step}\n" in refusal["fault-injected"]
    saved(sealed)


def test_no_cipher(sealed):
    """The kernel has gcm(aes) only from its modules."""
    files = "$(find /lib/modules -name 'gcm.ko*' -o -name 'aesni-intel.ko*')"
    sealed.run(f"tar -cf /tmp/kept {files} 2>/dev/null && rm {files}; rmmod aesni_intel; rmmod gcm;"
               " :")
    try:
        refusal = checks.refused(sealed, ["no-seal-cipher"], errno.EOPNOTSUPP)
        assert "gcm(aes): error -2" in refusal["no-seal-cipher"]
    finally:
        sealed.run("tar -C / -xf /tmp/kept && rm /tmp/kept && modprobe -a gcm aesni_intel")
    saved(sealed)


def test_lockdown_without_secure_boot(sealed):
    """Only a key of Secure Boot's passes lockdown.  Only a reboot ends lockdown: it comes last."""
    sealed.run("mount -t securityfs none /sys/kernel/security"
               " && echo integrity >/sys/kernel/security/lockdown")
    refusal = checks.refused(sealed, ["hibernation-off"], errno.EPERM)
    assert "remove lockdown= from the kernel's command line" in refusal["hibernation-off"]
    assert product.attribute(sealed, "seal") == "open"
