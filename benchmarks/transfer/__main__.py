"""Run with `python -m benchmarks.transfer`."""

from benchmarks.transfer.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
