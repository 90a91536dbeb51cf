"""`python -m scanner` is the `untrap` command."""

from scanner.start import main

main()
