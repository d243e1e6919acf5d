"""Run with `python -m benchmarks.traps`."""

from benchmarks.traps.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
