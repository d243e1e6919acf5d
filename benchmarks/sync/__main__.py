"""Run with `python -m benchmarks.sync`."""

from benchmarks.sync.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
