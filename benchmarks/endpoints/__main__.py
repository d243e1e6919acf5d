"""Run the benchmark: python -m benchmarks.endpoints."""

from benchmarks.endpoints.cli import main

raise SystemExit(main())
