# SPDX-License-Identifier: GPL-2.0-or-later
"""Sealed images that somebody changed who knows every checksum, but no key; and what the loader
makes of variables that somebody else wrote.

Without Secure Boot, by the loader's option seal=always.
"""

import struct
import uuid

import pytest

from harness import checks, disk, guests, images, machines, product, variables
from harness.golden import Golden, install_loader, take_snapshot
from harness.vm import REFUSED

MACHINE = machines.SMALL.changed(name="tiny-forged", loader="seal=always")
LOADER = "\\EFI\\fastboot\\fastbootx64.efi"
HIDDEN = variables.NON_VOLATILE | variables.BOOT_SERVICE
SECRET, HISTORY = "FastbootOpenSecret", "FastbootHistory"

SECTION_TABLE, SECTION_SIZE, HEADER_SUM = 512, 32, 4088
SECTOR = 512


@pytest.fixture(scope="module")
def golden(module_lab):
    """A machine that is off; the loader left a key, and the module sealed an image with it."""
    guests.ensure_secure_boot()  # has what reads and writes the variables
    vm = module_lab.booted(MACHINE)
    install_loader(vm, options=MACHINE.loader)
    vm.console.drain()
    vm.reset()
    checks.normal_boot_after_refusal(vm, "slot-empty")
    facts = checks.leave_traces(vm)
    take_snapshot(vm)
    vm.power_off()
    return Golden.of(vm, facts)


class Image:
    """The newest image of a disk; what is changed is written with its checksums put right."""

    def __init__(self, vm):
        self.vm = vm
        with images.area_of(vm.machine, vm.disk) as area:
            slot = area.newest()
            self.place = slot.offset
            self.header = bytearray(slot.read(0, images.BLOCK))
            self.sections = {name: (number, s["offset"], bytearray(slot.read(s["offset"], s["size"])))
                             for number, (name, s) in enumerate(slot.header["sections"].items())}
            self.chunk, chunk = next((number, chunk) for number, chunk in enumerate(slot.chunks)
                                     if chunk.size >= SECTOR)
            self.chunk_place = self.place + chunk.offset
            self.stored = slot.read(chunk.offset, SECTOR)

    def change(self, name, at, mask=1):
        self.sections[name][2][at] ^= mask

    def write(self):
        for number, offset, data in self.sections.values():
            entry = SECTION_TABLE + SECTION_SIZE * number
            struct.pack_into("<Q", self.header, entry + 24, images.fbimage.csum(data))
            if data:
                self._put(self.place + offset, data + bytes(-len(data) % SECTOR))
        struct.pack_into("<Q", self.header, HEADER_SUM,
                         images.fbimage.csum(self.header[:HEADER_SUM]))
        self._put(self.place, self.header)

    def write_chunk(self, stored):
        self._put(self.chunk_place, stored)

    def _put(self, offset, data):
        images.write(self.vm.machine, self.vm.disk, offset, bytes(data))


# XXH64: what the first word of a message adds to a lane, the next word of that lane can take back.
PRIME_1, PRIME_2, WORDS = 11400714785074694791, 14029467366897019727, 1 << 64


def lane_after(lane, word):
    lane = (lane + word * PRIME_2) % WORDS
    return ((lane << 31 | lane >> 33) * PRIME_1) % WORDS


def with_same_sum(data):
    """Another message of this length, with the same XXH64."""
    words = list(struct.unpack_from("<5Q", data))
    before = lane_after(PRIME_1 + PRIME_2, words[0])
    words[0] ^= 1
    after = lane_after(PRIME_1 + PRIME_2, words[0])
    words[4] = (words[4] + (before - after) * pow(PRIME_2, -1, WORDS)) % WORDS
    other = struct.pack("<5Q", *words) + data[40:]
    assert other != data and images.fbimage.csum(other) == images.fbimage.csum(data)
    return other


def test_restored(lab, golden):
    """Unchanged, it is restored, from its second start on, too."""
    vm = lab.at_entry(golden).start()
    assert checks.outcome(vm, golden.facts) == "restored"
    assert vm.last_result()["sealed"] == "yes"


def forge_description(image):
    image.header[200] ^= 1


def forge_generation(image):
    image.header[64] += 1


def forge_jump(image):
    image.change("record", 0, 0x10)


def forge_tag(image):
    image.change("tags", 16 * image.chunk)


def forge_nonce(image):
    image.change("seal", 16)


def forge_salt(image):
    image.change("seal", 48)


def forge_mac(image):
    image.change("seal", 80 + 31, 0x80)


@pytest.mark.parametrize("forge", [forge_description, forge_generation, forge_jump, forge_tag,
                                   forge_nonce, forge_salt, forge_mac])
def test_header_and_sections(lab, golden, forge):
    vm = lab.at_entry(golden)
    image = Image(vm)
    forge(image)
    image.write()
    vm.start()
    assert vm.wait_firmware(REFUSED).group(1) == "not-authentic"
    vm.wait_firmware(r"fastboot: +seal 0 \(0x0\) mac")


def test_chunk(lab, golden):
    """Its checksum is right, and so is the MAC of all that describes it."""
    vm = lab.at_entry(golden)
    image = Image(vm)
    image.write_chunk(with_same_sum(image.stored))
    vm.start()
    checks.normal_boot_after_refusal(vm, "not-authentic")
    result = vm.last_result()
    assert (result["object"], result["field"]) == ("chunk", "tag")
    assert result["index"] == str(image.chunk)


def test_seal_removed(lab, golden):
    """An image without a seal is none that must be sealed."""
    vm = lab.at_entry(golden)
    image = Image(vm)
    struct.pack_into("<Q", image.header, 24, 0)
    for name in ("tags", "seal"):
        number = image.sections.pop(name)[0]
        assert number == image.header[128] - 1
        image.header[128] = number
        entry = SECTION_TABLE + SECTION_SIZE * number
        image.header[entry:entry + SECTION_SIZE] = bytes(SECTION_SIZE)
    struct.pack_into("<Q", image.sections["record"][2], 104, 0)
    image.write()
    vm.start()
    assert checks.outcome(vm, golden.facts) == "unsealed"


# Variables.

def variable(name, data, attributes=HIDDEN):
    return variables.Variable(name, variables.FASTBOOT, attributes, data)


def secret_of(vm):
    return variables.read(vm.variables)[SECRET]


def test_other_firmware(lab, golden):
    vm = lab.copy(golden)
    variables.write(vm.variables, [variable(SECRET, uuid.uuid4().bytes * 2)])
    vm.start()
    assert checks.outcome(vm, golden.facts) == "not-authentic"


def test_planted_secret(lab, golden):
    """A system can have made one that it can read; the loader makes its own instead."""
    vm = lab.copy(golden)
    planted = secret_of(vm).data
    variables.write(vm.variables, [variable(SECRET, planted, variables.EVERYWHERE)])
    vm.start()
    checks.normal_boot_after_refusal(vm, "not-authentic")
    assert vm.last_result()["field"] == "secret"
    assert product.attribute(vm, "seal") == "open"
    assert SECRET not in vm.run(f"ls {product.EFIVARS}").output
    vm.power_off()
    made = secret_of(vm)
    assert made.attributes == HIDDEN and len(made.data) == 32 and made.data != planted


def test_history(lab, golden):
    """Kept at the first restore; an image below its floor is not restored."""
    vm = lab.copy(golden).start()
    assert checks.outcome(vm, golden.facts) == "restored"
    vm.power_off()
    history = variables.read(vm.variables)[HISTORY]
    assert history.attributes == HIDDEN
    version, _, floor, consumed, _ = struct.unpack("<IIQQQ", history.data)
    assert (version, floor, consumed) == (1, 1, 0)
    variables.write(vm.variables, [variable(HISTORY, struct.pack("<IIQQQ", 1, 0, 2, 0, 0))])
    vm = lab.again(vm).start()
    assert checks.outcome(vm, golden.facts) == "rolled-back"


def test_without_the_option(lab, golden):
    """The loader touches neither the image nor its secret, and leaves no key."""
    vm = lab.copy(golden)
    before = variables.read(vm.variables)
    number = next(int(name[4:], 16) for name, entry in before.items() if name.startswith("Boot0")
                  and "Fast boot".encode("utf-16-le") in entry.data)
    options = f"partuuid={disk.PARTUUID['area']}"
    entry = variables.BootEntry(number, "Fast boot", LOADER, options)
    variables.write(vm.variables, [variables.boot_variable(entry)])
    vm.start()
    checks.normal_boot_after_refusal(vm, "sealed")
    assert product.attribute(vm, "seal") == "none"
    assert "FastbootKeyPage" not in vm.run(f"ls {product.EFIVARS}").output
    vm.power_off()
    after = variables.read(vm.variables)
    assert after[SECRET] == before[SECRET] and HISTORY not in after
