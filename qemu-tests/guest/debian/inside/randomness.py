# SPDX-License-Identifier: GPL-2.0-or-later
"""Draw random numbers without end, from the system call and from a file opened once.

/run/random gets one line a round: the boot-time clock as it was *before* the two were
drawn, and both.  That clock goes on while the machine is off, so that the first line
after its greatest leap was surely drawn after the restore.
"""

import os
import time

urandom = open("/dev/urandom", "rb", buffering=0)
with open("/run/random", "w", buffering=1) as log:
    while True:
        before = time.clock_gettime(time.CLOCK_BOOTTIME)
        log.write(f"{before:.6f} {os.getrandom(16).hex()} {urandom.read(16).hex()}\n")
        time.sleep(0.05)
