# SPDX-License-Identifier: GPL-2.0-or-later
"""An ssh server on the host, for an ssh client in a guest: the outer end of a tunnel."""

import asyncio
import collections
import threading

import asyncssh

HOST = "10.0.2.2"  # where a guest finds the host's 127.0.0.1, by QEMU's user network


class _Server(asyncssh.SSHServer):
    def __init__(self, hub):
        self._hub = hub

    def begin_auth(self, username):
        self._user = username
        return True

    def auth_completed(self):
        self._hub.logins[self._user] += 1

    def server_requested(self, listen_host, listen_port):
        """Allow the client to listen on the port."""
        return True


class Hub:
    """Serves on `port` until close(); `logins` counts the logins of each user.

    Keys are in OpenSSH's format; all users have client_key.
    """

    def __init__(self):
        client = asyncssh.generate_private_key("ssh-ed25519")
        self._key = asyncssh.generate_private_key("ssh-ed25519")
        self.client_key = client.export_private_key().decode()
        self.public_key = self._key.export_public_key().decode().strip()
        self.logins = collections.Counter()
        self._authorized = asyncssh.import_authorized_keys(client.export_public_key().decode())
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._listener = self._wait(self._listen())
        self.port = self._listener.sockets[0].getsockname()[1]

    async def _listen(self):
        return await asyncssh.listen(
            "127.0.0.1", 0, server_factory=lambda: _Server(self),
            server_host_keys=[self._key], authorized_client_keys=self._authorized)

    def _wait(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    def close(self):
        self._listener.close()
        self._wait(self._listener.wait_closed())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
