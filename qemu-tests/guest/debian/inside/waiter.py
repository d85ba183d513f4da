# SPDX-License-Identifier: GPL-2.0-or-later
"""Sleep until restore_count announces a restore; /run/waiter gets each new value."""

import os
import select

count = os.open("/sys/power/fastboot/restore_count", os.O_RDONLY)
waiter = select.poll()
waiter.register(count, select.POLLPRI | select.POLLERR)
with open("/run/waiter", "w", buffering=1) as log:
    while True:
        log.write(os.pread(count, 32, 0).decode())
        waiter.poll()
