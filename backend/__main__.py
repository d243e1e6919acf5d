"""Work with the app's data: python -m backend --help."""

from backend.manage.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
