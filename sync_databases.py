"""Keep the database at home and the hosted one alike: python sync_databases.py --help."""

if __name__ == "__main__":
    from backend.sync.cli import main

    raise SystemExit(main())
