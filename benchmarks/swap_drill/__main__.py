"""Run the drill on a stack of its own: `python -m benchmarks.swap_drill --help`."""

from benchmarks.swap_drill.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
