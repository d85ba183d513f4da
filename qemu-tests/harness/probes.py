# SPDX-License-Identifier: GPL-2.0-or-later
"""Ask the debian guest's services from outside, as their users would.

Each probe opens its own connection and accepts only the right
answer to a real request; anything else is an exception.
"""

import socket
import threading
import time
from contextlib import closing

import psycopg2

from .vm import SCALE

SERVICES = {"postgresql": 5432, "redis": 6379, "nginx": 80}


def _ask(port, request, timeout, enough):
    with closing(socket.create_connection(("127.0.0.1", port), timeout)) as link:
        link.settimeout(timeout)
        link.sendall(request)
        answer = b""
        while not enough(answer):
            piece = link.recv(65536)
            if not piece:
                raise ConnectionError(f"the connection ended after {answer!r}")
            answer += piece
    return answer


def nginx(port, timeout=5):
    answer = _ask(port, b"GET / HTTP/1.0\r\nHost: appliance\r\n\r\n", timeout,
                  lambda data: b"</html>" in data)
    if not answer.startswith(b"HTTP/1.1 200"):
        raise ConnectionError(f"not a page: {answer[:80]!r}")


def redis(port, timeout=5, command="PING", expect=b"+PONG\r\n"):
    answer = _ask(port, command.encode() + b"\r\n", timeout,
                  lambda data: len(data) >= len(expect))
    if answer != expect:
        raise ConnectionError(f"{command}: {answer!r}, not {expect!r}")


def postgresql(port, timeout=5, query="SELECT 6 * 7", expect=42):
    # QEMU accepts a connection for a guest even if that does not answer: let statements
    # time out, too.
    with closing(psycopg2.connect(
            host="127.0.0.1", port=port, user="postgres", dbname="postgres",
            sslmode="disable", gssencmode="disable", connect_timeout=max(2, int(timeout)),
            options=f"-c statement_timeout={int(timeout * 1000)}")) as link:
        with link.cursor() as cursor:
            cursor.execute(query)
            answer = cursor.fetchone()[0]
    if answer != expect:
        raise ConnectionError(f"{query}: {answer!r}, not {expect!r}")


PROBES = {"postgresql": postgresql, "redis": redis, "nginx": nginx}


def free_ports():
    """Host ports for the guest's services: {name: port}."""
    sockets = {name: socket.socket() for name in SERVICES}
    for sock in sockets.values():
        sock.bind(("127.0.0.1", 0))
    ports = {name: sock.getsockname()[1] for name, sock in sockets.items()}
    for sock in sockets.values():
        sock.close()
    return ports


def forwards(ports):
    return [(ports[name], inner) for name, inner in SERVICES.items()]


class FirstReplies:
    """Ask every service until each has answered once.

    QEMU accepts a connection for a guest that is not up yet, and loses what is sent then.
    So one port is tried until the guest's network answers, even with a refusal, but not before a
    kernel runs, because the guest needs the host's processors.  From then on each service gets
    one request at a time: a guest that has just come up must not be kept busy with requests
    whose answers are no longer awaited.
    """

    KNOCK = 0.2     # seconds that a try of the port may take
    SPACING = 0.1   # seconds from a failed request to the next
    PATIENCE = 4    # seconds that a request may take

    def __init__(self, vm, ports):
        self.replies = {}   # name: seconds since power-on
        self.errors = {}
        self._vm = vm
        self._ports = ports
        self._stop = threading.Event()
        self._alive = threading.Event()
        threading.Thread(target=self._keep_knocking, daemon=True).start()
        for name in PROBES:
            threading.Thread(target=self._keep_asking, args=(name,), daemon=True).start()

    def _keep_knocking(self):
        while not self._vm.kernel_runs() and not self._stop.wait(0.02):
            pass
        while not self._stop.is_set() and self._vm.running():
            with closing(socket.create_connection(("127.0.0.1", self._ports["nginx"]))) as link:
                if self._is_answered(link):
                    self._alive.set()
                    return

    def _is_answered(self, link):
        """Has the guest's kernel refused the connection, which ends it, or accepted it?"""
        link.settimeout(0.05)
        deadline = time.monotonic() + self.KNOCK
        while time.monotonic() < deadline and self._vm.running():
            try:
                return not link.recv(1)
            except ConnectionError:
                return True
            except socket.timeout:
                if self._vm.is_connected(SERVICES["nginx"]):
                    return True
        return False

    def _keep_asking(self, name):
        self._alive.wait()
        while name not in self.replies and not self._stop.is_set():
            try:
                PROBES[name](self._ports[name], timeout=self.PATIENCE)
            except (OSError, psycopg2.Error) as error:
                self.errors[name] = error
                time.sleep(self.SPACING)
            else:
                self.replies.setdefault(name, time.monotonic() - self._vm.started)

    def wait(self, timeout):
        """Returns {name: seconds}; a TimeoutError names the silent services and their errors."""
        deadline = time.monotonic() + timeout * SCALE
        while len(self.replies) < len(PROBES):
            if time.monotonic() > deadline or not self._vm.running():
                self._stop.set()
                self._alive.set()
                self._vm.check_emulator()
                silent = {name: str(self.errors.get(name, "no answer"))
                          for name in PROBES if name not in self.replies}
                raise TimeoutError(f"no answer within {timeout} s: {silent}")
            time.sleep(0.02)
        return dict(self.replies)
