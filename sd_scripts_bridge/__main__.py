"""python -m sd_scripts_bridge: the command line, and what the console script calls."""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # `signal` itself first makes enums
import os
import sys


def main() -> int:
    """The command line. Ctrl-C ends it with 130, also in the second in which modules load."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # else somebody ignores it: so do we
        signal.signal(signal.SIGINT, lambda *_: os._exit(130))  # nothing is open yet
    from .cli.main import main as run

    try:
        signal.signal(signal.SIGINT, before)
        return run()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
