"""TLS to a store: a context from the files that a URL names, and an encrypted socket that is used like a plain one.

How it works: the link waits for its socket to become readable and then receives once. TLS breaks that, for what the
library has already decrypted makes no socket readable; so one ``recv`` here gives all that is decrypted. What is not
is still in the kernel, since OpenSSL reads no further than the record that it needs.
"""

from __future__ import annotations

import socket
import ssl

import attrs
import trio

from shared_state.errors import StoreError


@attrs.frozen
class TlsFiles:
    """What a connection is secured with, named as in redis-py; empty where the system's or none are meant.

    Args:
        ssl_ca_certs: who signs the servers' certificates.
        ssl_certfile, ssl_keyfile: this client's own.
        ssl_check_hostname: whether the certificate has to name the host.
    """

    ssl_ca_certs: str = ""
    ssl_certfile: str = ""
    ssl_keyfile: str = ""
    ssl_check_hostname: bool = True

    def context(self) -> ssl.SSLContext:
        """How sockets are to be encrypted. Raises: StoreError, when a file cannot be used."""
        context = self._trusting()
        context.check_hostname = self.ssl_check_hostname
        # A renegotiation would have a write wait for a read.
        context.options |= ssl.OP_NO_RENEGOTIATION
        if self.ssl_certfile:
            self._add_certificate(context)
        return context

    def _trusting(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.ssl_ca_certs or None)
        except OSError as error:
            raise StoreError(f"store URL: CA file {self.ssl_ca_certs}: {error.strerror or error}") from None

    def _add_certificate(self, context: ssl.SSLContext) -> None:
        try:
            context.load_cert_chain(self.ssl_certfile, self.ssl_keyfile or None)
        except OSError as error:
            name = self.ssl_certfile
            raise StoreError(f"store URL: client certificate {name}: {error.strerror or error}") from None


@attrs.frozen
class Tls:
    """How a server is spoken to in secret: the files for redis-py, and what was read from them for the link."""

    files: TlsFiles
    context: ssl.SSLContext

    @classmethod
    def load(cls, files: TlsFiles) -> Tls:
        """Reads the files. Raises: StoreError."""
        return cls(files, files.context())


@attrs.frozen(eq=False)
class TlsSocket:
    """An encrypted, non-blocking socket, after the handshake."""

    _wrapped: ssl.SSLSocket

    def fileno(self) -> int:
        """What to wait for."""
        return self._wrapped.fileno()

    def send(self, data: bytes | bytearray) -> int:
        """Returns: how many bytes it took. Raises: OSError; what was not taken must begin the next sending."""
        return self._wrapped.send(data)

    def recv(self, size: int) -> bytes:
        """What has arrived, at least a record of it. Raises: BlockingIOError, when that is nothing; OSError."""
        try:
            data = self._wrapped.recv(size)
        except ssl.SSLWantReadError:
            raise BlockingIOError from None
        while left := self._wrapped.pending():
            data += self._wrapped.recv(left)
        return data

    def close(self) -> None:
        """Closes it."""
        self._wrapped.close()


async def encrypt(plain: socket.socket, context: ssl.SSLContext, host: str) -> TlsSocket:
    """A TLS session on a connected, non-blocking socket, which is closed if none is made. Raises: OSError."""
    wrapped = context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
    try:
        await _shake_hands(wrapped)
    except BaseException:
        wrapped.close()
        raise
    return TlsSocket(wrapped)


async def _shake_hands(wrapped: ssl.SSLSocket) -> None:
    while True:
        try:
            wrapped.do_handshake()
        except ssl.SSLWantReadError:
            await trio.lowlevel.wait_readable(wrapped)
        except ssl.SSLWantWriteError:
            await trio.lowlevel.wait_writable(wrapped)
        else:
            return
