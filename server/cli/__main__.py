"""``python -m server.cli``: the command line without an installed script."""

from server.cli import main

main()
