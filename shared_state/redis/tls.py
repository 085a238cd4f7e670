"""TLS to a store: a context from the files that a URL names, and the handshake on a socket that does not block.

The socket that comes of it is used like a plain one, with two differences: nothing to receive is an SSLWantReadError,
and receiving must take a whole record (16 KB), because what the library has decrypted makes no socket readable. What it
has not decrypted is still in the kernel: OpenSSL reads no further than the record that it needs.
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


async def encrypt(plain: socket.socket, context: ssl.SSLContext, host: str) -> ssl.SSLSocket:
    """A TLS session over a connected, non-blocking socket, which is closed if none is made. Raises: OSError."""
    wrapped = context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
    try:
        await _shake_hands(wrapped)
    except BaseException:
        wrapped.close()
        raise
    return wrapped


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
