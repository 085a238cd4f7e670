"""How many transactions one node process commits."""
