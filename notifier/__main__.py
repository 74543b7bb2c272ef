"""The command `notifier`: parses, calls, and turns errors into sentences and exit codes."""

from __future__ import annotations

import sys


def main() -> None:
    """Run one command. Exit codes: 0 fine, 64 usage or settings, 74 I/O or damaged data, 75 already running."""
    from notifier.cli.app import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
