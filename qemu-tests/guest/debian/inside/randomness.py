# SPDX-License-Identifier: GPL-2.0-or-later
"""Draw random numbers all the time, by the system call and from a file that is opened once.

/run/random gets one line a round: the boot-time clock *before* the two were
drawn, and both.  That clock includes the time that the machine is off, so that the first line
after its greatest leap was certainly drawn after the restore.
"""

import os
import time

urandom = open("/dev/urandom", "rb", buffering=0)
with open("/run/random", "w", buffering=1) as log:
    while True:
        before = time.clock_gettime(time.CLOCK_BOOTTIME)
        log.write(f"{before:.6f} {os.getrandom(16).hex()} {urandom.read(16).hex()}\n")
        time.sleep(0.05)
