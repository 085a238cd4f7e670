"""Who sees what: cells around a player, changes by cell, frames shared by all who see the same."""
