"""Back the database up, prove it, and bring it back: `python backend/db_backup.py --help`."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # Python puts this folder first on the path; the repository root belongs there,
    # so that modules keep one name and none of them shadows the standard library.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from backend.backup.cli import main

    raise SystemExit(main())
