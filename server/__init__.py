"""One Oarlock node: WebSocket players in front, a replicated world behind."""
