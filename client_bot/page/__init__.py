"""A report as one page for people: self-contained, without a script, readable on a phone and in the dark."""

from client_bot.page.document import to_html

__all__ = ["to_html"]
