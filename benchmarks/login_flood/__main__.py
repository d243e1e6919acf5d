"""Run the benchmark: python -m benchmarks.login_flood."""

from benchmarks.login_flood.cli import main

raise SystemExit(main())
