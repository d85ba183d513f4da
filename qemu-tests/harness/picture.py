# SPDX-License-Identifier: GPL-2.0-or-later
"""What a guest's screen shows: its pixels, and a small file to keep.

Reads the PPM of QEMU's screendump and writes a PNG with a palette (PNG specification, 3rd
edition, 11.2): both formats are so simple that a library would cost more than it saves.
"""

import struct
import zlib
from collections import Counter


class Picture:
    """Rows of pixels, each an (R, G, B)."""

    def __init__(self, rows):
        self.rows = rows
        self.height = len(rows)
        self.width = len(rows[0])

    @classmethod
    def read(cls, path):
        """A binary PPM of 8 bits a colour."""
        data = path.read_bytes()
        magic, width, height, depth = data.split(maxsplit=4)[:4]
        assert (magic, depth) == (b"P6", b"255")
        width, height = int(width), int(height)
        pixels = data[len(data) - 3 * width * height:]
        rows = [pixels[at:at + 3 * width] for at in range(0, len(pixels), 3 * width)]
        # Most rows of a screen are equal; unpacked once, a test can look several times a second.
        unpacked = {row: list(zip(row[0::3], row[1::3], row[2::3])) for row in set(rows)}
        return cls([unpacked[row] for row in rows])

    def box(self, *colours):
        """(left, top, right, bottom) of the pixels of these colours, ends excluded; or None."""
        wanted = set(colours)
        places = [(x, y) for y, row in enumerate(self.rows) if not wanted.isdisjoint(row)
                  for x, pixel in enumerate(row) if pixel in wanted]
        if not places:
            return None
        xs, ys = zip(*places)
        return min(xs), min(ys), max(xs) + 1, max(ys) + 1

    def crop(self, left, top, right, bottom):
        return Picture([row[left:right] for row in self.rows[top:bottom]])

    def colours(self):
        """{colour: number of its pixels}."""
        return Counter(pixel for row in self.rows for pixel in row)

    def write_png(self, path):
        palette = sorted(self.colours())
        assert len(palette) <= 256, "a picture with so many colours needs another format"
        bits = next(bits for bits in (1, 2, 4, 8) if len(palette) <= 1 << bits)
        number = {colour: index for index, colour in enumerate(palette)}
        lines = b"".join(b"\0" + self._packed([number[pixel] for pixel in row], bits)
                         for row in self.rows)
        header = struct.pack(">IIBBBBB", self.width, self.height, bits, 3, 0, 0, 0)
        with open(path, "wb") as file:
            file.write(b"\x89PNG\r\n\x1a\n")
            for kind, data in ((b"IHDR", header), (b"PLTE", bytes(sum(palette, ()))),
                               (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b"")):
                file.write(struct.pack(">I", len(data)) + kind + data
                           + struct.pack(">I", zlib.crc32(kind + data)))

    @staticmethod
    def _packed(numbers, bits):
        """A row's palette numbers, the first in the high bits of a byte."""
        each = 8 // bits
        numbers = numbers + [0] * (-len(numbers) % each)
        return bytes(sum(value << (8 - bits - bits * place)
                         for place, value in enumerate(numbers[at:at + each]))
                     for at in range(0, len(numbers), each))
