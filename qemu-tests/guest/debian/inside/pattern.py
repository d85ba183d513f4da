# SPDX-License-Identifier: GPL-2.0-or-later
"""Hold 256 MiB of a known pattern; check all of it at the start and at each SIGUSR1.

/run/pattern says how often it was found intact, or where it was not.  Each MiB is the same
random MiB, rotated by as many bytes as its number, so that a page that is lost, exchanged or
from another boot is noticed.
"""

import os
import signal

MIB = 1 << 20
COUNT = 256

signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
unit = bytes(range(256)) * 16 * 256
for page in range(256):
    stamp = os.urandom(64)
    unit = unit[:page * 4096] + stamp + unit[page * 4096 + 64:]

held = bytearray()
for number in range(COUNT):
    held += unit[number:] + unit[:number]

rounds = 0
while True:
    for number in range(COUNT):
        start, turned = number * MIB, MIB - number
        # startswith compares as memcmp does; views would be compared byte by byte.
        if not (held.startswith(unit[number:], start)
                and held.startswith(unit[:number], start + turned)):
            with open("/run/pattern", "w") as report:
                report.write(f"broken {number}\n")
            raise SystemExit(1)
    rounds += 1
    with open("/run/pattern.new", "w") as report:
        report.write(f"intact {rounds}\n")
    os.rename("/run/pattern.new", "/run/pattern")
    signal.sigwait([signal.SIGUSR1])
