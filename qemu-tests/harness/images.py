# SPDX-License-Identifier: GPL-2.0-or-later
"""A disk's images, read and changed from outside while its machine is off.

Only what an overlay or its backing files hold is read, so that reading an
area is quick however large its partition is.
"""

import hashlib
import struct
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from . import disk
from .paths import QEMU_TESTS

sys.path.insert(0, str(QEMU_TESTS / "decoder"))

import fbimage  # noqa: E402  (its folder is no package)

FormatError = fbimage.FormatError
BLOCK = fbimage.BLOCK


@contextmanager
def area_of(machine, image, **keys):
    """Yields the fbimage.Area of a disk as it is now; keys: of its sealed images."""
    directory = Path(image).parent
    with tempfile.NamedTemporaryFile(dir=directory, suffix=".raw") as raw:
        disk.export_part(image, raw.name, *disk.partition_extent(machine, "area"))
        with fbimage.Area.open(raw.name, **keys) as area:
            yield area


def golden_area(golden, **keys):
    return area_of(golden.machine, golden.disk, **keys)


def keys_of(slot, secret):
    """{name: key}: every key that the image of a slot is sealed with, from the secret on."""
    mac = fbimage.mac_of
    boot = mac(secret, b"fastboot boot key 1", slot.seal.nonce)
    image = mac(boot, b"fastboot image 1", slot.header["image_uuid"] + slot.area.uuid,
                slot.seal.salt)
    return {"secret": secret, "boot": boot, "image": image,
            "enc": mac(image, b"enc"), "mac": mac(image, b"mac")}


def newest_regions(area):
    """{name: (offset in the partition, size)}; "slot.header" and so on are of the newest image."""
    prefix = f"slot[{area.newest().index}]."
    return {name.replace(prefix, "slot."): place for name, place in area.regions().items()}


def read(machine, image, offset, size):
    """Bytes of the area's partition; offset and size are whole sectors."""
    with tempfile.NamedTemporaryFile(dir=Path(image).parent) as part:
        disk.export_part(image, part.name, disk.area_offset() + offset, size)
        return Path(part.name).read_bytes()


def write(machine, image, offset, data):
    disk.write(image, disk.area_offset() + offset, data)


def flip(machine, image, offset, bit=0x10):
    """Flip one bit of a byte of the area's partition."""
    sector = offset // 512 * 512
    octets = bytearray(read(machine, image, sector, 512))
    octets[offset - sector] ^= bit
    write(machine, image, sector, bytes(octets))


def state_block(image_uuid, restores, attempts, rank=0):
    """A slot state as specified in docs/image-format.md, 512 bytes."""
    octets = struct.pack("<8s16sQIIQ456x", b"FBSTAT\r\n", image_uuid, restores, attempts, 0, rank)
    return octets + struct.pack("<Q", fbimage.csum(octets))


def slot_digest(slot):
    """The digest of all bytes of a slot except its state."""
    digest = hashlib.sha256(slot.read(0, BLOCK))
    digest.update(slot.read(2 * BLOCK, slot.size - 2 * BLOCK))
    return digest.hexdigest()


def whole_images(area, sound=()):
    """{generation: slot}; a slot whose header is valid must be valid to its last byte.

    sound: digests of slots that were verified before.
    """
    found = {}
    for slot in area.slots:
        try:
            generation = slot.header["generation"]
        except FormatError:
            continue
        if not sound or slot_digest(slot) not in sound:
            slot.verify()
        found[generation] = slot
    return found
