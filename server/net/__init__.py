"""Sockets of players: one port, HTTP and WebSocket; knows frames, not messages."""
