# SPDX-License-Identifier: GPL-2.0-or-later
"""An independent decoder of fast-boot images.

Written only from docs/image-format.md: it shares no code with the product, so
that where both agree, they agree with the document.

    area = Area.open("disk.img", offset=1 << 20, size=4 << 30)
    slot = area.newest()
    slot.page(0x1234)                  # 4096 bytes, or None
    area.regions()["slot[0].chunk[3]"] # its place in the partition, for a test to damage it

An area that is no partition but a map, pieces of partitions, is read through these:

    parts = {partuuid: open("vda3", "rb"), ...}  # the GUIDs as the GPT has them, 16 bytes
    area = Area.mapped(parts, partuuid, offset)  # of the area's header: the option `area=`

A sealed image needs a key, or the secret that boot keys are derived from:

    area = Area.open("disk.img", secret=pathlib.Path("secret").read_bytes())

Without one its header and sections can be read, and its chunks' checksums checked.

Every violation raises FormatError with one of the document's reason codes.
"""

import argparse
import dataclasses
import functools
import hmac
import json
import pathlib
import struct
import sys
import uuid

import lz4.block
import xxhash
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

BLOCK = 4096
PAGE = 4096
MAX_PFN = 1 << 40
MIN_SLOT = 1 << 20
MAX_META = 256 << 20
CHUNKS_AT = 2 * BLOCK
RUNTIME = 1 << 63
ARCH_MAGIC = 0x23456789ABCDEF02

# type: name, entry size (0: any), required
SECTIONS = {
    1: ("record", 256, True),
    2: ("fingerprint", 24, True),
    3: ("rtmap", 40, True),
    4: ("aux", 24, True),
    5: ("proofs", 64, True),
    6: ("page_index", 32, True),
    7: ("chunk_table", 40, True),
    8: ("signature", 0, False),
    9: ("seal", 128, False),
    10: ("tags", 16, False),
}
SEALED = 1  # bit of a slot's incompat
MAPPED = 1  # bit of an area's incompat
MAX_MAP = 64
MAP_AT = 112
MAP_END = MAP_AT + 32 * MAX_MAP
MAX_PIECE_END = 1 << 56
DOMAINS = {1: "secure", 2: "open"}
CHUNK_KINDS = {1: "lz4", 2: "raw", 3: "fill"}
RUN_KINDS = {0: "stored", 1: "fill"}
MODES = {1: "golden", 2: "once"}
PROOF_KINDS = {
    1: "partition-table",
    2: "image-partition",
    16: "ext-super",
    17: "ext-journal",
    18: "xfs-super",
    19: "xfs-log",
    20: "btrfs-super",
    21: "f2fs-super",
    22: "f2fs-checkpoint",
    23: "f2fs-node",
    24: "squashfs-super",
    25: "erofs-super",
    26: "iso9660-super",
    32: "lvm-label",
    33: "lvm-metadata",
    34: "luks-header",
    35: "md-super",
    36: "verity-root",
    37: "swap",
    38: "place",
    39: "identity",
}
MAX_PROOFS = 256
MAX_PROOF_SIZE = 1 << 20
MAX_ATTEMPTS = 3


class FormatError(Exception):
    """The image breaks a rule; `code` is the document's code for it."""

    def __init__(self, code, where):
        super().__init__(f"{code}: {where}")
        self.code = code
        self.where = where


def need(condition, code, where):
    if not condition:
        raise FormatError(code, where)


def csum(data):
    return xxhash.xxh64_intdigest(data, seed=0)


def padded(size):
    return -(-size // BLOCK) * BLOCK


def whole(*values):
    return all(value % BLOCK == 0 for value in values)


class Fields:
    """Named little-endian fields of a structure: "name@offset:width"."""

    CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}

    def __init__(self, text):
        self.items = []
        for item in text.split():
            name, place = item.split("@")
            offset, width = place.split(":")
            self.items.append((name, int(offset), int(width)))

    def read(self, data, base=0):
        return {
            name: struct.unpack_from("<" + self.CODES[width], data, base + offset)[0]
            for name, offset, width in self.items
        }


AREA = Fields(
    "version@8:4 block_size@12:4 compat@16:8 incompat@24:8 area_offset@48:8 area_size@56:8"
    " nr_slots@64:4 nr_map@68:4 created@104:8 csum@4088:8"
)
SLOT = Fields(
    "version@8:4 mode@12:4 compat@16:8 incompat@24:8 generation@64:8 created@72:8 page_size@80:4"
    " chunk_pages@84:4 nr_pages@88:8 nr_stored@96:8 data_size@104:8 meta_offset@112:8"
    " meta_size@120:8 nr_sections@128:4 reserved0@132:4 csum@4088:8"
)
SECTION = Fields("type@0:4 entry_size@4:4 offset@8:8 size@16:8 csum@24:8")
SEAL = Fields("version@0:4 algorithm@4:4 domain@8:4 reserved0@12:4")
RECORD = Fields(
    "jump_address@0:8 jump_address_phys@8:8 cr3@16:8 arch_magic@24:8 cr0@48:8 cr4@56:8 efer@64:8"
    " paging_levels@72:4 reserved0@76:4 handoff_phys@80:8 efi_runtime@88:8 ram_bytes@96:8"
    " key_phys@104:8"
)
FINGERPRINT = Fields("field@0:4 index@4:4 value0@8:8 value1@16:8")
RTMAP = Fields("type@0:4 reserved0@4:4 phys@8:8 virt@16:8 pages@24:8 attribute@32:8")
AUX = Fields("pfn@0:8 pages@8:8 kind@16:4 reserved0@20:4")
PROOF = Fields("kind@16:4 flags@20:4 offset@24:8 size@32:4 reserved0@36:4 digest@40:8")
STATE = Fields("restores@24:8 attempts@32:4 flags@36:4 rank@40:8 csum@504:8")
RUN = Fields("pfn@0:8 pages@8:4 kind@12:4 first@16:8 fill@24:8")
CHUNK = Fields("offset@0:8 size@8:4 kind@12:2 pages@14:2 first@16:8 csum@24:8 fill@32:8")


def text(data):
    return data.split(b"\0")[0].decode("utf-8", "replace")


def is_padded(data):
    return not any(data[len(data.split(b"\0")[0]) :])


def mac_of(key, *parts):
    return hmac.new(key, b"".join(parts), "sha256").digest()


def check_header(block, magic, fields, name, known=0):
    need(block[:8] == magic, f"{name}-magic", name)
    need(csum(block[:4088]) == fields["csum"], f"{name}-checksum", name)
    need(fields["version"] == 1, "version", name)
    need(fields["incompat"] & ~known == 0, "incompat", name)


@dataclasses.dataclass(frozen=True)
class Piece:
    part_uuid: bytes  # as in the GPT
    offset: int  # partition bytes
    size: int

    @property
    def end(self):
        return self.offset + self.size

    def overlaps(self, other):
        return (self.part_uuid == other.part_uuid
                and self.offset < other.end and other.offset < self.end)


def decode_map(block, fields):
    """The pieces that an area header names, checked one by one; none: the area is a partition."""
    nr = fields["nr_map"]
    mapped = fields["incompat"] & MAPPED != 0
    need(nr <= MAX_MAP and mapped == (nr > 0), "area-bounds", f"nr_map {nr}")
    pieces = []
    for i in range(nr):
        piece = Piece(*struct.unpack_from("<16sQQ", block, MAP_AT + 32 * i))
        need(any(piece.part_uuid), "area-bounds", f"map {i} part_uuid")
        need(whole(piece.offset) and piece.offset <= MAX_PIECE_END, "area-bounds", f"map {i} offset")
        need(whole(piece.size) and piece.size > 0, "area-bounds", f"map {i} size")
        need(piece.end <= MAX_PIECE_END, "area-bounds", f"map {i} size")
        need(not any(piece.overlaps(other) for other in pieces), "area-bounds", f"map {i} overlaps")
        pieces.append(piece)
    need(not any(block[MAP_AT + 32 * nr : MAP_END]), "reserved", "unused piece")
    return pieces


def decode_area_header(block):
    """(fields, pieces), by the rules that do not need the size of what the area is on."""
    fields = AREA.read(block)
    check_header(block, b"FBAREA\r\n", fields, "area", known=MAPPED)
    need(not any(block[MAP_END:4088]), "reserved", "area header")
    return fields, decode_map(block, fields)


class Pieces:
    """Pieces of open files, one after the other, as one file that can be read."""

    def __init__(self, files, pieces):
        self._files = files
        self._pieces = pieces
        self._position = 0

    def seek(self, position):
        self._position = position

    def read(self, size):
        data = b""
        start = 0
        for piece in self._pieces:
            skip = self._position - start
            if 0 <= skip < piece.size and len(data) < size:
                file = self._files[piece.part_uuid]
                file.seek(piece.offset + skip)
                part = file.read(min(size - len(data), piece.size - skip))
                self._position += len(part)
                data += part
            start += piece.size
        return data

    def close(self):
        for file in self._files.values():
            file.close()


@dataclasses.dataclass(frozen=True)
class Run:
    pfn: int
    pages: int
    kind: str
    first: int
    fill: int

    @property
    def end(self):
        return self.pfn + self.pages


@dataclasses.dataclass(frozen=True)
class Chunk:
    offset: int  # slot bytes
    size: int
    kind: str
    pages: int
    first: int
    csum: int
    fill: int


@dataclasses.dataclass(frozen=True)
class Proof:
    part_uuid: bytes  # as in the GPT; zero: the image's own partition, which a map is not
    kind: str
    whole_disk: bool
    offset: int
    size: int
    digest: int


@dataclasses.dataclass(frozen=True)
class Seal:
    domain: str
    nonce: bytes
    salt: bytes
    mac: bytes


@dataclasses.dataclass(frozen=True)
class State:
    """The contents of the slot state; all zero if it is not valid."""

    valid: bool
    restores: int = 0
    attempts: int = 0
    consumed: bool = False
    rank: int = 0
    description: str = ""


class Area:
    """
    The fast-boot area of a partition, which takes `size` bytes at `offset` of a file; or of a
    logical volume or a file that has an area.
    """

    def __init__(self, file, offset=0, size=None, key=None, secret=None):
        if size is None:
            size = file.seek(0, 2) - offset
        self._file = file
        self._base = offset
        self.key = key  # boot key, of one boot's images
        self.secret = secret  # of one domain's images
        self.partition_size = size
        self.header_offset = size // BLOCK * BLOCK - BLOCK
        need(size >= MIN_SLOT + BLOCK, "area-missing", "the partition is too small")
        self._decode(self.read(self.header_offset, BLOCK))

    @classmethod
    def open(cls, path, offset=0, size=None, key=None, secret=None):
        return cls(open(path, "rb"), offset, size, key, secret)

    @classmethod
    def mapped(cls, parts, part_uuid, offset, key=None, secret=None):
        """The area whose header is at `offset` of a partition; parts: {part_uuid: open file}."""
        parts[part_uuid].seek(offset)
        _, pieces = decode_area_header(parts[part_uuid].read(BLOCK))
        need(pieces, "area-bounds", "nr_map 0")
        last = pieces[-1]
        here = last.part_uuid == part_uuid and last.end - BLOCK == offset
        need(here, "area-bounds", "the header is not the map's last block")
        size = sum(piece.size for piece in pieces)
        return cls(Pieces(parts, pieces), 0, size, key, secret)

    def close(self):
        self._file.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def read(self, offset, size):
        """Bytes of the partition or map."""
        self._file.seek(self._base + offset)
        data = self._file.read(size)
        if len(data) != size:
            raise EOFError(f"short read at partition offset {offset:#x}")
        return data

    def _decode(self, block):
        fields, self.pieces = decode_area_header(block)
        size = sum(piece.size for piece in self.pieces)
        need(not size or size == self.header_offset + BLOCK, "area-bounds", "sum of the map")
        self.uuid = bytes(block[32:48])
        self.offset = fields["area_offset"]
        self.size = fields["area_size"]
        self.created = fields["created"]
        need(fields["block_size"] == BLOCK, "area-bounds", "block_size")
        need(whole(self.offset) and self.offset <= self.header_offset, "area-bounds", "area_offset")
        need(self.offset + self.size == self.header_offset + BLOCK, "area-bounds", "area_size")
        need(fields["nr_slots"] in (1, 2), "area-bounds", "nr_slots")
        self.slots = self._decode_slots(block, fields["nr_slots"])

    def _decode_slots(self, block, nr_slots):
        slots = []
        end = self.offset
        for i in range(nr_slots):
            offset, size = struct.unpack_from("<QQ", block, 72 + 16 * i)
            need(whole(offset, size) and offset >= end, "area-bounds", f"slot {i} offset")
            need(size >= MIN_SLOT, "area-bounds", f"slot {i} size")
            end = offset + size
            need(end <= self.header_offset, "area-bounds", f"slot {i} end")
            slots.append(Slot(self, i, offset, size))
        need(not any(block[72 + 16 * nr_slots : 104]), "reserved", "unused slot")
        return slots

    def newest(self):
        """The valid slot with the greatest generation."""
        reasons = []
        best = None
        for slot in self.slots:
            try:
                generation = slot.header["generation"]
            except FormatError as error:
                reasons.append(error)
                continue
            if best is None or generation > best.header["generation"]:
                best = slot
        if best is None:
            raise next((e for e in reasons if e.code != "slot-empty"), reasons[0])
        return best

    def chosen(self):
        """The slot that a loader chooses if its options name none, or None."""
        enterable = [slot for slot in self.slots if slot.is_enterable()]
        return max(enterable, key=lambda slot: slot.rank, default=None)

    def regions(self):
        """Name -> (offset, size), in bytes of partition or map; only the header of an invalid slot."""
        regions = {"area_header": (self.header_offset, BLOCK)}
        for slot in self.slots:
            for name, place in slot.regions().items():
                regions[f"slot[{slot.index}].{name}"] = place
        return regions

    def verify(self):
        """Checks everything in every non-empty slot."""
        for slot in self.slots:
            if not slot.is_empty():
                slot.verify()

    def summary(self):
        return {
            "partition_size": self.partition_size,
            "header_offset": self.header_offset,
            "uuid": str(uuid.UUID(bytes=self.uuid)),
            "offset": self.offset,
            "size": self.size,
            "created": self.created,
            "map": [
                {**dataclasses.asdict(piece), "part_uuid": str(uuid.UUID(bytes_le=piece.part_uuid))}
                for piece in self.pieces
            ],
            "slots": [slot.summary() for slot in self.slots],
        }


class Slot:
    """One slot.  Header and sections are decoded at the first access, and then kept."""

    def __init__(self, area, index, offset, size):
        self.area = area
        self.index = index
        self.offset = offset  # partition bytes
        self.size = size

    def read(self, offset, size):
        """Bytes of the slot."""
        return self.area.read(self.offset + offset, size)

    def is_empty(self):
        return not any(self.read(0, BLOCK))

    # The header.

    @functools.cached_property
    def header(self):
        block = self.read(0, BLOCK)
        need(any(block), "slot-empty", f"slot {self.index}")
        fields = SLOT.read(block)
        check_header(block, b"FBSLOT\r\n", fields, "slot", known=SEALED)
        for start, end in ((132, 136), (328, 512), (1536, 4088)):
            need(not any(block[start:end]), "reserved", f"slot header bytes {start} to {end}")
        need(block[32:48] == self.area.uuid, "slot-foreign", "area_uuid")
        need(fields["mode"] in MODES, "slot-mode", f"mode {fields['mode']}")
        self._check_fields(fields)
        for name, raw in (("kernel_release", block[136:200]), ("description", block[200:328])):
            need(is_padded(raw), "slot-field", name)
            fields[name] = text(raw)
        fields["image_uuid"] = bytes(block[48:64])
        fields["sections"] = self._decode_section_table(block, fields)
        self._header_block = block
        for name in ("seal", "tags"):
            there = name in fields["sections"]
            need(there or not fields["incompat"] & SEALED, "section-missing", name)
            need(not there or fields["incompat"] & SEALED, "section-table", name)
        return fields

    def _check_fields(self, f):
        ranges = {
            "generation": (1, (1 << 64) - 1),
            "page_size": (PAGE, PAGE),
            "chunk_pages": (256, 256),
            "nr_pages": (1, MAX_PFN),
            "nr_stored": (0, f["nr_pages"]),
            "nr_sections": (0, 32),
        }
        for name, (low, high) in ranges.items():
            need(low <= f[name] <= high, "slot-field", name)
        need(whole(f["data_size"]), "slot-field", "data_size")
        need(CHUNKS_AT + f["data_size"] <= self.size, "slot-field", "data_size")
        need(whole(f["meta_offset"]), "slot-field", "meta_offset")
        need(f["meta_offset"] >= CHUNKS_AT + f["data_size"], "slot-field", "meta_offset")
        need(whole(f["meta_size"]) and f["meta_size"] <= MAX_META, "slot-field", "meta_size")
        need(f["meta_offset"] + f["meta_size"] <= self.size, "slot-field", "meta_size")

    @staticmethod
    def _decode_section_table(block, f):
        sections = {}
        end = f["meta_offset"]
        limit = end + f["meta_size"]
        last = 0
        for i in range(f["nr_sections"]):
            s = SECTION.read(block, 512 + 32 * i)
            name, entry_size, _ = SECTIONS.get(s["type"], (f"unknown_{s['type']}", 0, False))
            need(s["type"] > last, "section-table", f"entry {i} type")
            good = s["entry_size"] > 0 and entry_size in (0, s["entry_size"])
            need(good, "section-table", f"entry {i} entry_size")
            need(s["size"] % s["entry_size"] == 0, "section-table", f"entry {i} size")
            single = name in ("record", "seal")
            need(not single or s["size"] == entry_size, "section-table", f"{name} size")
            need(whole(s["offset"]) and s["offset"] >= end, "section-table", f"entry {i} offset")
            need(s["offset"] + s["size"] <= limit, "section-table", f"entry {i} end")
            end = s["offset"] + padded(s["size"])
            last = s["type"]
            sections[name] = s
        need(not any(block[512 + 32 * f["nr_sections"] : 1536]), "reserved", "unused section entry")
        return sections

    @property
    def mode(self):
        return MODES[self.header["mode"]]

    def state(self):
        """The slot state, read again at each call."""
        sector = self.read(BLOCK, 512)
        fields = STATE.read(sector)
        good = (
            sector[:8] == b"FBSTAT\r\n"
            and csum(sector[:504]) == fields["csum"]
            and sector[8:24] == self.header["image_uuid"]
            and fields["flags"] & ~1 == 0
            and is_padded(sector[48:176])
            and not any(sector[176:504])
        )
        if not good:
            return State(False)
        consumed = fields["flags"] & 1 == 1
        return State(True, fields["restores"], fields["attempts"], consumed, fields["rank"],
                     text(sector[48:176]))

    @property
    def restores(self):
        """The slot state's count; 0 if it cannot be read."""
        return self.state().restores

    @property
    def rank(self):
        """The number by which a loader compares images."""
        return max(self.header["generation"], self.state().rank)

    @property
    def description(self):
        """The state's description, or else the header's."""
        return self.state().description or self.header["description"]

    def is_enterable(self):
        try:
            self.check_enterable()
        except FormatError:
            return False
        return True

    def check_enterable(self):
        """Raises FormatError if a loader must not enter the image again."""
        state = self.state()
        if self.mode == "once":
            need(state.valid, "state-damaged", "slot state")
            need(not state.consumed and not state.restores, "slot-consumed", "slot state")
        need(state.attempts < MAX_ATTEMPTS, "slot-quarantined", f"{state.attempts} attempts")

    # The seal.

    def is_sealed(self):
        return bool(self.header["incompat"] & SEALED)

    @functools.cached_property
    def seal(self):
        """The seal's fields (rules K1 and K2), or None."""
        if not self.is_sealed():
            return None
        data = self.section("seal")
        fields = SEAL.read(data)
        need(fields["version"] == 1, "incompat", "seal version")
        need(fields["algorithm"] == 1, "incompat", "seal algorithm")
        need(fields["domain"] in DOMAINS, "incompat", "seal domain")
        need(fields["reserved0"] == 0 and not any(data[112:128]), "reserved", "seal")
        return Seal(DOMAINS[fields["domain"]], data[16:48], data[48:80], data[80:112])

    @functools.cached_property
    def _keys(self):
        """For the chunks and for the MAC, or None if none was given."""
        boot_key = self.area.key
        if boot_key is None and self.area.secret is not None:
            boot_key = mac_of(self.area.secret, b"fastboot boot key 1", self.seal.nonce)
        if boot_key is None:
            return None
        names = self.header["image_uuid"] + self.area.uuid
        image_key = mac_of(boot_key, b"fastboot image 1", names, self.seal.salt)
        return mac_of(image_key, b"enc"), mac_of(image_key, b"mac")

    @functools.cached_property
    def authentic(self):
        """Whether the MAC was checked; raises FormatError if it is wrong (rule K5)."""
        if not self.is_sealed() or self._keys is None:
            return False
        sections = self.header["sections"]
        header = bytearray(self._header_block)
        header[4088:4096] = bytes(8)
        parts = []
        for i, (name, s) in enumerate(sections.items()):
            if name == "seal":
                header[512 + 32 * i + 24 : 512 + 32 * i + 32] = bytes(8)
            else:
                parts.append(self.read(s["offset"], s["size"]))
        mac = mac_of(self._keys[1], bytes(header), *parts)
        need(hmac.compare_digest(mac, self.seal.mac), "not-authentic", "mac")
        return True

    @functools.cached_property
    def tags(self):
        data = self.section("tags")
        return [data[at : at + 16] for at in range(0, len(data), 16)]

    def _decrypt(self, i, stored):
        try:
            iv = struct.pack("<QI", i, 0)
            return AESGCM(self._keys[0]).decrypt(iv, stored + self.tags[i], None)
        except InvalidTag:
            raise FormatError("not-authentic", f"chunk {i}") from None

    # The sections.

    def section(self, name):
        """A section's bytes."""
        s = self.header["sections"][name]
        return self.read(s["offset"], s["size"])

    def _entries(self, name, fields):
        data = self.section(name)
        size = self.header["sections"][name]["entry_size"]
        return [fields.read(data, at) for at in range(0, len(data), size)]

    def _check_sections(self):
        for name, s in self.header["sections"].items():
            need(csum(self.section(name)) == s["csum"], "section-checksum", name)
        for name, _, required in SECTIONS.values():
            need(not required or name in self.header["sections"], "section-missing", name)
        if self.is_sealed():
            sections = self.header["sections"]
            need(len(self.tags) == sections["chunk_table"]["size"] // 40, "chunk-count", "tags")

    @functools.cached_property
    def record(self):
        data = self.section("record")
        r = RECORD.read(data)
        need(r["reserved0"] == 0 and not any(data[112:]), "reserved", "restore record")
        need(self.is_sealed() or r["key_phys"] == 0, "reserved", "key_phys")
        need(r["arch_magic"] == ARCH_MAGIC, "record-arch", "arch_magic")
        for name, mask in (("cr0", 1 << 31 | 1), ("cr4", 1 << 5), ("efer", 1 << 8 | 1 << 10)):
            need(r[name] & mask == mask, "record-field", name)
        for name in ("cr3", "handoff_phys", "key_phys"):
            need(r[name] % PAGE == 0 and r[name] < MAX_PFN * PAGE, "record-field", name)
        need(r["jump_address_phys"] < MAX_PFN * PAGE, "record-field", "jump_address_phys")
        levels = 5 if r["cr4"] >> 12 & 1 else 4
        need(r["paging_levels"] == levels, "record-field", "paging_levels")
        for name in ("jump_address", "efi_runtime"):
            shift = 56 if levels == 5 else 47
            need(r[name] >> shift in (0, (1 << 64 - shift) - 1), "record-field", name)
        distance = r["jump_address"] - r["jump_address_phys"]
        need(distance % (2 << 20) == 0, "record-field", "jump_address")
        return r

    @functools.cached_property
    def fingerprint(self):
        items = self._entries("fingerprint", FINGERPRINT)
        keys = [(item["field"], item["index"]) for item in items]
        need(all(a < b for a, b in zip(keys, keys[1:])), "fingerprint-order", "fingerprint")
        return items

    @functools.cached_property
    def rtmap(self):
        regions = self._entries("rtmap", RTMAP)
        end = 0
        for i, r in enumerate(regions):
            need(r["reserved0"] == 0, "reserved", f"runtime region {i}")
            good = (
                whole(r["phys"], r["virt"])
                and r["phys"] >= end
                and r["pages"] >= 1
                and r["phys"] // PAGE + r["pages"] <= MAX_PFN
                and r["virt"] + r["pages"] * PAGE <= 1 << 64
                and r["attribute"] & RUNTIME
            )
            need(good, "rtmap-bounds", f"runtime region {i}")
            end = r["phys"] + r["pages"] * PAGE
        return regions

    @functools.cached_property
    def aux(self):
        ranges = self._entries("aux", AUX)
        end = 0
        for i, a in enumerate(ranges):
            need(a["reserved0"] == 0, "reserved", f"auxiliary range {i}")
            good = a["kind"] == 1 and a["pfn"] >= end and a["pages"] >= 1
            need(good and a["pfn"] + a["pages"] <= MAX_PFN, "aux-bounds", f"auxiliary range {i}")
            end = a["pfn"] + a["pages"]
        return ranges

    @functools.cached_property
    def proofs(self):
        data = self.section("proofs")
        need(1 <= len(data) // 64 <= MAX_PROOFS, "proof-bounds", "count")
        proofs = []
        for i in range(len(data) // 64):
            p = PROOF.read(data, 64 * i)
            where = f"proof {i}"
            tail = data[64 * i + 48 : 64 * i + 64]
            need(p["reserved0"] == 0 and not any(tail), "reserved", where)
            need(p["kind"] in PROOF_KINDS, "fs-proof-unknown", f"{where} kind {p['kind']}")
            need(p["flags"] in (0, 1), "fs-proof-unknown", f"{where} flags {p['flags']:#x}")
            good = p["size"] % 512 == 0 and 512 <= p["size"] <= MAX_PROOF_SIZE
            need(good, "proof-bounds", f"{where} size")
            good = p["offset"] % 512 == 0 and p["offset"] + p["size"] <= 1 << 63
            need(good, "proof-bounds", f"{where} offset")
            proofs.append(
                Proof(
                    bytes(data[64 * i : 64 * i + 16]),
                    PROOF_KINDS[p["kind"]],
                    p["flags"] == 1,
                    p["offset"],
                    p["size"],
                    p["digest"],
                )
            )
        return proofs

    @functools.cached_property
    def runs(self):
        runs = []
        end = pages = stored = 0
        for i, r in enumerate(self._entries("page_index", RUN)):
            need(r["kind"] in RUN_KINDS and r["pages"] >= 1, "index-bounds", f"run {i}")
            need(r["pfn"] + r["pages"] <= MAX_PFN, "index-bounds", f"run {i}")
            need(r["pfn"] >= end, "index-order", f"run {i}")
            need(r["first"] == stored, "index-count", f"run {i} first")
            r["kind"] = RUN_KINDS[r["kind"]]
            need(r["kind"] == "fill" or r["fill"] == 0, "reserved", f"run {i} fill")
            run = Run(**r)
            end = run.end
            pages += run.pages
            stored += run.pages if run.kind == "stored" else 0
            runs.append(run)
        need(pages == self.header["nr_pages"], "index-count", "nr_pages")
        need(stored == self.header["nr_stored"], "index-count", "nr_stored")
        return runs

    @functools.cached_property
    def chunks(self):
        chunks = []
        position = CHUNKS_AT
        limit = CHUNKS_AT + self.header["data_size"]
        first = 0
        for i, c in enumerate(self._entries("chunk_table", CHUNK)):
            need(c["kind"] in CHUNK_KINDS, "chunk-kind", f"chunk {i}")
            c["kind"] = CHUNK_KINDS[c["kind"]]
            chunk = Chunk(**c)
            need(1 <= chunk.pages <= 256, "chunk-bounds", f"chunk {i} pages")
            low, high = {
                "lz4": (1, chunk.pages * PAGE),
                "raw": (chunk.pages * PAGE, chunk.pages * PAGE),
                "fill": (0, 0),
            }[chunk.kind]
            need(low <= chunk.size <= high, "chunk-bounds", f"chunk {i} size")
            need(whole(chunk.offset), "chunk-bounds", f"chunk {i} offset")
            need(chunk.offset >= position, "chunk-bounds", f"chunk {i} offset")
            need(chunk.offset + chunk.size <= limit, "chunk-bounds", f"chunk {i} end")
            need(chunk.first == first, "chunk-count", f"chunk {i} first")
            need(chunk.kind == "fill" or chunk.fill == 0, "reserved", f"chunk {i} fill")
            position = chunk.offset + padded(chunk.size)
            first += chunk.pages
            chunks.append(chunk)
        need(first == self.header["nr_stored"], "chunk-count", "pages of all chunks")
        return chunks

    def _in_index(self, pfn, pages):
        for run in self.runs:
            if run.pfn <= pfn < run.end:
                taken = min(pages, run.end - pfn)
                pfn, pages = pfn + taken, pages - taken
        return pages == 0

    def _check_references(self):
        handoff = self.record["handoff_phys"] // PAGE
        need(self._in_index(handoff, 1), "record-field", "handoff_phys")
        key = self.record["key_phys"]
        need(not key or not self._in_index(key // PAGE, 1), "record-field", "key_phys")
        for i, a in enumerate(self.aux):
            need(self._in_index(a["pfn"], a["pages"]), "aux-bounds", f"auxiliary range {i}")

    def check_meta(self):
        """Checks rules K1, K2, with a key K5, and M1 to M11, in order."""
        if self.seal:
            self.authentic
        self._check_sections()
        for name in ("record", "fingerprint", "rtmap", "aux", "proofs", "runs", "chunks"):
            getattr(self, name)
        self._check_references()

    # Pages.

    def stored_data(self, i):
        """The stored bytes of chunk i, as they are on the disk."""
        chunk = self.chunks[i]
        stored = self.read(chunk.offset, chunk.size)
        need(csum(stored) == chunk.csum, "chunk-checksum", f"chunk {i}")
        return stored

    @functools.lru_cache(maxsize=8)
    def chunk_data(self, i):
        """The decoded pages of chunk i; of a sealed image only if that is authentic."""
        chunk = self.chunks[i]
        stored = self.stored_data(i)
        size = chunk.pages * PAGE
        if self.is_sealed() and chunk.kind != "fill":
            need(self.authentic, "sealed", f"chunk {i}: it takes a key")
            stored = self._decrypt(i, stored)
        if chunk.kind == "raw":
            return stored
        if chunk.kind == "fill":
            return struct.pack("<Q", chunk.fill) * (size // 8)
        try:
            data = lz4.block.decompress(stored, uncompressed_size=size)
        except lz4.block.LZ4BlockError as error:
            raise FormatError("chunk-decode", f"chunk {i}: {error}") from error
        need(len(data) == size, "chunk-decode", f"chunk {i}: {len(data)} bytes")
        return data

    def _stored_page(self, ordinal):
        low, high = 0, len(self.chunks)
        while high - low > 1:
            middle = (low + high) // 2
            if self.chunks[middle].first <= ordinal:
                low = middle
            else:
                high = middle
        at = (ordinal - self.chunks[low].first) * PAGE
        return self.chunk_data(low)[at : at + PAGE]

    def _page_of_run(self, run, pfn):
        if run.kind == "fill":
            return struct.pack("<Q", run.fill) * (PAGE // 8)
        return self._stored_page(run.first + pfn - run.pfn)

    def page(self, pfn):
        """The page's contents, or None if the image does not have it."""
        for run in self.runs:
            if run.pfn <= pfn < run.end:
                return self._page_of_run(run, pfn)
        return None

    def pages(self):
        """(pfn, contents) of all pages, by rising pfn."""
        for run in self.runs:
            for pfn in range(run.pfn, run.end):
                yield pfn, self._page_of_run(run, pfn)

    def verify(self):
        """
        Checks every rule of header and sections, and decodes every chunk; of a sealed
        image, without a key, only the chunks' checksums.
        """
        self.check_meta()
        readable = self.authentic or not self.is_sealed()
        for i in range(len(self.chunks)):
            self.chunk_data(i) if readable else self.stored_data(i)

    def regions(self):
        """Name -> (offset, size), in partition bytes."""
        regions = {"header": (self.offset, BLOCK), "state": (self.offset + BLOCK, 512)}
        try:
            for name, s in self.header["sections"].items():
                regions[name] = (self.offset + s["offset"], s["size"])
            for i, chunk in enumerate(self.chunks):
                regions[f"chunk[{i}]"] = (self.offset + chunk.offset, chunk.size)
        except FormatError:
            pass
        return regions

    def summary(self):
        summary = {"slot": "ab"[self.index], "offset": self.offset, "size": self.size}
        try:
            self.check_meta()
        except FormatError as error:
            return {**summary, "reason": error.code, "where": error.where}
        h = self.header
        state = self.state()
        kinds = [chunk.kind for chunk in self.chunks]
        return {
            **summary,
            "reason": "ok",
            "generation": h["generation"],
            "rank": self.rank,
            "created": h["created"],
            "image_uuid": str(uuid.UUID(bytes=h["image_uuid"])),
            "kernel_release": h["kernel_release"],
            "description": self.description,
            "mode": self.mode,
            "sealed": self.seal.domain if self.seal else None,
            "authentic": self.authentic if self.seal else None,
            "restores": state.restores,
            "attempts": state.attempts,
            "consumed": state.consumed,
            "nr_pages": h["nr_pages"],
            "nr_stored": h["nr_stored"],
            "stored_bytes": sum(chunk.size for chunk in self.chunks),
            "runs": len(self.runs),
            "chunks": {kind: kinds.count(kind) for kind in CHUNK_KINDS.values()},
            "record": self.record,
            "fingerprint": self.fingerprint,
            "rtmap": self.rtmap,
            "aux": self.aux,
            "proofs": [
                {**dataclasses.asdict(proof), "part_uuid": str(uuid.UUID(bytes_le=proof.part_uuid))}
                for proof in self.proofs
            ],
        }


def number(argument):
    return int(argument, 0)


def key_file(argument):
    try:
        data = pathlib.Path(argument).read_bytes()
    except OSError as error:
        raise argparse.ArgumentTypeError(error) from error
    if len(data) != 32:
        raise argparse.ArgumentTypeError(f"{argument}: {len(data)} bytes")
    return data


def main():
    parser = argparse.ArgumentParser(prog="fbimage", description="Decode a fast-boot area.")
    parser.add_argument("file", help="a partition, or a file that contains one")
    parser.add_argument("--offset", type=number, default=0, help="of the partition, in the file")
    parser.add_argument("--size", type=number, help="default: the rest of the file")
    parser.add_argument("--regions", action="store_true", help="print the place of every region")
    parser.add_argument("--verify", action="store_true", help="decode every chunk as well")
    keys = parser.add_mutually_exclusive_group()
    keys.add_argument("--key", metavar="FILE", type=key_file, help="the boot key, 32 bytes")
    keys.add_argument("--secret", metavar="FILE", type=key_file, help="the secret, 32 bytes")
    arguments = parser.parse_args()
    try:
        with Area.open(arguments.file, arguments.offset, arguments.size, arguments.key,
                       arguments.secret) as area:
            out = area.regions() if arguments.regions else area.summary()
            json.dump(out, sys.stdout, indent=2)
            print()
            if arguments.verify:
                area.verify()
    except (FormatError, EOFError, OSError) as error:
        sys.exit(f"fbimage: {arguments.file}: {error}")


if __name__ == "__main__":
    main()
