"""Run the measurement on stacks of its own: `python -m benchmarks.backup --help`."""

from benchmarks.backup.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
