# SPDX-License-Identifier: GPL-2.0-or-later
"""A serial port of a guest: read all the time, logged, searched for trouble and patterns.

A separate thread takes every byte off the port at once, so that the guest
never waits for a test, and the time stamp of a line is the time of its arrival.
"""

import queue
import re
import threading
import time

from pexpect import EOF, TIMEOUT
from pexpect.spawnbase import SpawnBase

ANSI = re.compile(r"\x1b(\[[0-9;?=]*[A-Za-z]|[()][A-Z0-9]|[78=>c])")

# EDK II's form browser draws the chosen line, and only it, white on black
# between black on grey.
HIGHLIGHT = re.compile(
    r"\x1b\[0m\x1b\[37m\x1b\[40m\x1b\[\d+;\d+H([^\x1b]+)\x1b\[0m\x1b\[30m\x1b\[47m")

TROUBLE = re.compile(
    r"Oops|BUG:|WARNING:|Call Trace|general protection|Kernel panic"
    r"|X64 Exception Type|ASSERT[ _]")


class Console(SpawnBase):
    """on_line(time, text), if given, is called from the reader's thread."""

    def __init__(self, sock, log_path, on_line=None):
        super().__init__(timeout=60, encoding="utf-8", codec_errors="replace")
        self.lines = []
        self._history = []
        self._sock = sock
        self._log = open(log_path, "ab", buffering=0)
        self._on_line = on_line
        self._queue = queue.Queue()
        self._partial = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        while True:
            try:
                data = self._sock.recv(65536)
            except OSError:
                data = b""
            if not data:
                break
            self._log.write(data)
            text = self._decoder.decode(data)
            self._history.append(text)
            self._split(time.monotonic(), text)
            self._queue.put(text)
        self._queue.put(None)
        self._log.close()

    def _split(self, now, text):
        *whole, self._partial = (self._partial + text).split("\n")
        for line in whole:
            line = ANSI.sub("", line).replace("\r", "")
            self.lines.append((now, line))
            if self._on_line:
                self._on_line(now, line)

    def read_nonblocking(self, size=1, timeout=None):
        if self.flag_eof:
            raise EOF("the port is closed")
        try:
            text = self._queue.get(timeout=self.timeout if timeout == -1 else timeout)
        except queue.Empty:
            raise TIMEOUT("nothing arrived") from None
        if text is None:
            self.flag_eof = True
            raise EOF("the port is closed")
        return text

    def send(self, text):
        self._sock.sendall(text.encode())

    def drain(self):
        """Forget all that has arrived so far and was not matched."""
        self.buffer = self.string_type()
        self._before = self.buffer_type()
        while True:
            try:
                if self._queue.get_nowait() is None:
                    self.flag_eof = True
                    return
            except queue.Empty:
                return

    def close(self):
        """The machine has ended: afterwards `lines` has all that it sent."""
        self._reader.join(timeout=10)
        self._sock.close()

    def first(self, pattern, after=0.0):
        """(time, match) of the first whole line that matches, or None."""
        regex = re.compile(pattern)
        for when, line in list(self.lines):
            match = regex.search(line)
            if match and when >= after:
                return when, match
        return None

    def text(self):
        """All that has arrived, unchanged."""
        return "".join(list(self._history))

    def highlighted(self):
        """The chosen line of the firmware's menu as last drawn; None before that."""
        found = HIGHLIGHT.findall(self.text())
        return found[-1].strip() if found else None

    def trouble(self):
        """Lines that no healthy machine prints; the last one may be unfinished."""
        lines = [line for _, line in list(self.lines)] + [self._partial]
        return [line for line in lines if TROUBLE.search(line)]
