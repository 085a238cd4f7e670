"""Hostile input by the hundred thousand, at a real node."""
