"""Identity: keys, tokens, bans and the gate."""
