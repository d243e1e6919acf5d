"""Serve the app for development, on SQLite unless told otherwise: python dev_server.py."""

if __name__ == "__main__":
    from backend.dev.cli import main

    raise SystemExit(main())
