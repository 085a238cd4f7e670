"""One player's session on this node: from the first message to the last answer."""
