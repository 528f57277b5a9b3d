"""Entry point of ``sim`` and ``python -m sim``."""

from __future__ import annotations

import gc
import os
import sys

INTERRUPTED = 130  # the shell's code for Ctrl-C
FEWER_COLLECTIONS = (100_000, 50, 50)  # a command makes many objects that live until it ends: 7 % of its time


def main() -> None:
    """Run the command line."""
    gc.set_threshold(*FEWER_COLLECTIONS)
    try:
        from sim.cli import app  # Ctrl-C while importing must not end in a traceback

        app(prog_name="sim")
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        _leave()  # the reader of the pipe has what it wanted
    except OSError as fault:
        _leave(f"{fault.filename or 'standard output'}: {fault.strerror or fault}\n")


def _leave(message: str = "") -> None:
    """Exit with code 1; drop what standard output could not take, else Python complains again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.stderr.write(message)
    sys.exit(1)


if __name__ == "__main__":
    main()
