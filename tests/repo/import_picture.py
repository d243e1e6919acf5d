"""Draw the rooms of `backend/` from what their modules import, into docs/ARCHITECTURE.md.

python -m tests.repo.import_picture
"""

import re
from collections import defaultdict

import grimp

from tests.repo.checkout import ROOT, files

PAGE = ROOT / "docs/ARCHITECTURE.md"
# What almost every room may import says nothing about any of them.
_EVERYBODYS = {"config", "cli", "db"}
_PICTURE = re.compile(r"(?<=^```mermaid\n).*?(?=^```)", re.MULTILINE | re.DOTALL)


def rooms() -> set[str]:
    """Return the packages directly in `backend/`."""
    return {name.split("/")[1] for name in files("backend/*/__init__.py") if name.count("/") == 2}


def picture() -> str:
    """Return the rooms as a Mermaid flowchart: an arrow leads from a room to one that it imports.

    An arrow that follows from others is left out: where a imports b and b imports c, none leads
    from a to c.
    """
    imported = _imports()
    arrows = [
        f"  {room} --> {other}"
        for room in sorted(imported)
        for other in sorted(imported[room])
        if not any(other in _below(between, imported) for between in imported[room] - {other})
    ]
    return "\n".join(["flowchart TB", *arrows, ""])


def drawn() -> str:
    """Return the picture that the page shows."""
    found = _PICTURE.search(PAGE.read_text(encoding="utf-8"))
    assert found, f"{PAGE} has no block of Mermaid"
    return found[0]


def _imports() -> dict[str, set[str]]:
    """Return for each room those that it imports."""
    graph = grimp.build_graph("backend", cache_dir=None)
    known, found = rooms(), defaultdict(set)
    for module in graph.modules:
        for other in graph.find_modules_directly_imported_by(module):
            one, two = _room(module), _room(other)
            if one != two and {one, two} <= known - _EVERYBODYS:
                found[one].add(two)
    return found


def _room(module: str) -> str:
    return module.partition(".")[2].partition(".")[0]


def _below(room: str, imported: dict[str, set[str]]) -> set[str]:
    """Return everything that a room imports, directly or not."""
    below: set[str] = set()
    todo = [room]
    while todo:
        new = imported.get(todo.pop(), set()) - below
        below |= new
        todo += new
    return below


def main() -> None:
    """Replace the picture in the page by one of the present imports."""
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(_PICTURE.sub(lambda _: picture(), page), encoding="utf-8")


if __name__ == "__main__":
    main()
