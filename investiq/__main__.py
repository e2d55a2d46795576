"""``python -m investiq`` is the command line."""

from __future__ import annotations

from investiq.cli import main

if __name__ == "__main__":
    main(prog_name="investiq")
