"""Errors of the wire package."""


class ProtocolError(Exception):
    """A message that cannot be understood; ``code`` is for programs, the text for people.

    Args:
        code: ``malformed``: not the encoding, or not of a message's shape; ``unknown_type``: of no type that there is.
        text: what is wrong and where, safe to send back.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
