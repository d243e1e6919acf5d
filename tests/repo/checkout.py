"""The files of this checkout, as the repository's own tests read them."""

import os
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Walked, not asked of git: a tarball has no history, and the tests must pass without git.
NOT_OURS = {"__pycache__", "instance", "node_modules"}


def files(*patterns: str) -> list[str]:
    """Return our files that match a pattern, relative to the root, with forward slashes."""
    return sorted(name for name in _walk() if any(fnmatch(name, pattern) for pattern in patterns))


def read(name: str) -> str:
    """Return the text of one file."""
    return (ROOT / name).read_text(encoding="utf-8")


def _walk() -> Iterator[str]:
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if _is_ours(name)]
        for name in names:
            path = Path(folder) / name
            if not (path.is_symlink() or _is_private(path)):
                yield path.relative_to(ROOT).as_posix()


def _is_ours(folder: str) -> bool:
    return folder == ".ci" or not (folder.startswith(".") or folder in NOT_OURS)


def _is_private(path: Path) -> bool:
    # What the operator of this very checkout brought: a failing test must not print it. A second
    # working tree has a file where the first has its folder of history.
    return path.name in {".env", ".git"} or (
        path.parent.name in {"secrets", "local"} and not path.suffix
    )
