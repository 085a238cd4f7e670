"""Who a player is, and whether it may play: credentials, keys and bans. Knows no world, message or socket."""
