# SPDX-License-Identifier: GPL-2.0-or-later
"""One TCP connection, opened once, that carries a number to the other end and back, twice a second.

The other end is a separate process and counts, too: a number that is
lost or doubled ends both.  /run/connection holds the last number.
"""

import os
import socket
import struct
import time

listener = socket.create_server(("0.0.0.0", 7007))
if os.fork() == 0:
    link, _ = listener.accept()
    expected = 1
    while True:
        data = link.recv(8, socket.MSG_WAITALL)
        if struct.unpack("<Q", data)[0] != expected:
            raise SystemExit(f"expected {expected}, got {data!r}")
        link.sendall(data)
        expected += 1

link = socket.create_connection(("10.0.2.15", 7007))
number = 0
while True:
    number += 1
    link.sendall(struct.pack("<Q", number))
    answer, = struct.unpack("<Q", link.recv(8, socket.MSG_WAITALL))
    if answer != number:
        raise SystemExit(f"sent {number}, got {answer}")
    with open("/run/connection.new", "w") as report:
        report.write(f"{number}\n")
    os.rename("/run/connection.new", "/run/connection")
    time.sleep(0.5)
