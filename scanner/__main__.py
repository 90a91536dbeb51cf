"""`python -m scanner` is the `untrap` command."""

from scanner.cli import main

main()
