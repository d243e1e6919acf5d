"""Write each Postgres revision's SQL into a file of its own, for squawk to read alone.

python -m tests.repo.revision_sql FOLDER
"""

import sys
from pathlib import Path

from backend.migrate.history import History
from backend.migrate.revision import revision_sql


def main(folder: Path) -> None:
    """Replace what the folder holds by one file for each revision there is now."""
    folder.mkdir(parents=True, exist_ok=True)
    for left_over in folder.glob("*.sql"):
        left_over.unlink()
    history = History.of("postgres")
    for revision in history.revisions:
        text = revision_sql(history, revision.id)
        (folder / f"{revision.id}.sql").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
