"""Nodes that go away under load: what players notice of it."""
