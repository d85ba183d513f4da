# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a program linked with serve.c, as subprocess.run would, but much faster."""
import os
import socket
import struct
import subprocess


class Program:
    """Each run is a fork of one process, which the first run starts."""

    def __init__(self, path, timeout=60):
        self.path, self.timeout = path, timeout
        self.process = None

    def start(self):
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(self.timeout)
        self.nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        with theirs:
            self.process = subprocess.Popen([self.path], pass_fds=[theirs.fileno()],
                                            env={**os.environ, "SERVE": str(theirs.fileno())})

    def run(self, args, env=None):
        """Adds `env` to this process's environment."""
        if not self.process:
            self.start()
        args = [self.path, *map(str, args)]
        words = [str(len(args)), *args, *map("=".join, {**os.environ, **(env or {})}.items())]
        out, err = os.memfd_create("stdout"), os.memfd_create("stderr")
        try:
            socket.send_fds(self.socket, [b"".join(os.fsencode(word) + b"\0" for word in words)],
                            [self.nothing, out, err])
            status, = struct.unpack("i", self.socket.recv(4))
            return subprocess.CompletedProcess(args, os.waitstatus_to_exitcode(status),
                                               written(out), written(err))
        except (OSError, struct.error) as error:
            self.end()
            raise AssertionError(f"{args}: timed out, or its server ended") from error
        finally:
            os.close(out)
            os.close(err)

    def end(self):
        """Ends the server, and with it any run."""
        self.process.kill()
        self.process.wait()
        self.process = None
        self.socket.close()
        os.close(self.nothing)


def written(fd):
    return os.pread(fd, os.fstat(fd).st_size, 0).decode()
