"""What the documents say is there: links, anchors, commands, versions, decisions."""

import re
import unicodedata
from pathlib import PurePosixPath

import pytest

from backend.version import __version__
from tests.repo.checkout import ROOT, files, read

PAGES = files("*.md")
DECISIONS = files("docs/adr/[0-9]*.md")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def links(page: str) -> list[str]:
    """Return the targets inside the repository that a page links to or shows."""
    targets = re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", read(page)))
    return [target for target in targets if not re.match(r"(https?|mailto):", target)]


def leads_somewhere(page: str, target: str) -> bool:
    """Tell whether the file and the heading that a link names are there."""
    path, _, anchor = target.partition("#")
    found = (ROOT / PurePosixPath(page).parent / path).resolve() if path else ROOT / page
    if not found.exists():
        return False
    return not anchor or anchor in anchors(found.relative_to(ROOT).as_posix())


def anchors(page: str) -> set[str]:
    """Return what a link may name after the #, as the forges make it from headings."""
    headings = re.findall(r"^#+ +(.+)$", FENCE.sub("", read(page)), re.MULTILINE)
    return {_anchor(heading) for heading in headings}


def _anchor(heading: str) -> str:
    kept = [
        letter
        for letter in heading.strip().lower()
        if letter in " -_" or unicodedata.category(letter)[0] in "LN"
    ]
    return "".join(kept).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES)
def test_every_link_inside_the_repository_leads_somewhere(page: str) -> None:
    broken = [target for target in links(page) if not leads_somewhere(page, target)]

    assert broken == []


@pytest.mark.parametrize("page", PAGES)
def test_every_command_a_page_shows_can_be_typed(page: str) -> None:
    shown = "\n".join(FENCE.findall(read(page)) + re.findall(r"`[^`\n]+`", read(page)))
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))

    unknown = {name for name in re.findall(r"\bmake ([a-z]+)\b", shown) if name not in targets}
    scripts = re.findall(r"\bpython3? ((?:\w+/)*\w+\.py)\b", shown)
    modules = re.findall(r"\bpython3? -m ((?:benchmarks|tests|backend)[.\w]*)", shown)
    compose = re.findall(r"docker compose -f (\S+\.ya?ml)", shown)

    assert unknown == set()
    assert [name for name in scripts + compose if not (ROOT / name).exists()] == []
    assert [name for name in modules if not leads_to_a_module(name)] == []


def leads_to_a_module(name: str) -> bool:
    """Tell whether `python -m` finds something to run."""
    path = ROOT / name.replace(".", "/")
    return path.with_suffix(".py").exists() or (path / "__main__.py").exists()


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/ARCHITECTURE.md", "tests/README.md"])
def test_every_file_that_a_page_for_contributors_names_is_there(page: str) -> None:
    named = re.findall(r"`((?:backend|deploy|docs|tests)/[\w./]+)`", read(page))

    assert [name for name in named if not (ROOT / name).exists()] == []
    assert named != []


def test_every_guide_is_on_the_map() -> None:
    guides = {name.removeprefix("docs/") for name in files("docs/*.md")} - {"README.md"}

    mapped = {target.partition("#")[0] for target in links("docs/README.md")}

    assert {name for name in guides if not name.startswith("adr/")} <= mapped


def test_the_changelog_is_headed_by_the_version_of_the_code() -> None:
    versions = re.findall(r"^## \[?(\d+\.\d+\.\d+)", read("CHANGELOG.md"), re.MULTILINE)

    assert versions[0] == __version__


def test_every_decision_has_a_number_of_its_own() -> None:
    numbers = [PurePosixPath(name).name[:4] for name in DECISIONS]

    assert len(numbers) == len(set(numbers)) > 0


@pytest.mark.parametrize("page", DECISIONS)
def test_a_decision_says_why_what_and_what_follows_on_one_page(page: str) -> None:
    text = read(page)

    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert len(text.splitlines()) <= 60
