"""Work with the app's data: python -m backend --help."""

from backend.admin.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
