"""Where the `untrap` command begins: Ctrl-C is one line also while its modules are imported.

One rule keeps it simple: nothing is imported here before it is known what an interrupt does.
"""

COLLECT_AFTER = 20_000
"""New containers before Python looks for garbage. Its own 700 makes it look through everything
that is being imported again and again: a tenth of the time until the first packet."""


def main() -> None:
    """Entry point of the `untrap` command."""
    try:
        import gc

        gc.set_threshold(COLLECT_AFTER)
        from scanner.cli import main as run

        run()
    except KeyboardInterrupt:
        _interrupted()
    finally:
        _leave_in_peace()


def _interrupted() -> None:
    """As `scanner.ends` says it, of which nothing may be there yet."""
    import os

    os.write(2, b"interrupted\n")
    os._exit(130)


def _leave_in_peace() -> None:
    """What is left is Python's own clearing up: another Ctrl-C would tell its traceback."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
