# SPDX-License-Identifier: GPL-2.0-or-later
"""The QEMU Machine Protocol: one JSON object a line, with events between the answers."""

import json
import threading


class QmpError(Exception):
    pass


class Qmp:
    def __init__(self, sock, timeout=30):
        sock.settimeout(timeout)
        self._sock = sock
        self._turn = threading.Lock()   # held for a command and its answer
        self._file = sock.makefile("rw", encoding="utf-8", newline="\n")
        self._receive()
        self.command("qmp_capabilities")

    def _receive(self):
        line = self._file.readline()
        if not line:
            raise QmpError("QEMU closed the control connection")
        return json.loads(line)

    def command(self, name, /, **arguments):
        with self._turn:
            return self._command(name, arguments)

    def _command(self, name, arguments):
        self._file.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self._file.flush()
        while True:
            answer = self._receive()
            if "error" in answer:
                raise QmpError(f"{name}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def send_key(self, *keys):
        """Press keys together; names are those of QEMU's QKeyCode ("esc", "ret", "down")."""
        self.command("send-key", keys=[{"type": "qcode", "data": key} for key in keys])
