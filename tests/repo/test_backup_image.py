"""The image of the backups holds what their code imports: neither less, nor an app."""

import re
import sys

import grimp
import pytest

from tests.repo.checkout import read
from tests.repo.test_requirements import asked, normal

# The app's own image backs up a SQLite file.
_ELSEWHERE = "backend.backup.sqlite"
_BROUGHT_BY = {"dotenv": "python-dotenv", "psycopg": "psycopg"}


@pytest.fixture(scope="module")
def imported() -> set[str]:
    """Return every module that the tool imports, at once or later, our own and others'."""
    graph = grimp.build_graph("backend", include_external_packages=True)
    for module in (_ELSEWHERE, *graph.find_descendants(_ELSEWHERE)):
        graph.remove_module(module)
    return graph.find_upstream_modules("backend.backup", as_package=True)


def test_every_room_that_the_tool_imports_is_copied(imported: set[str]) -> None:
    copied = re.findall(r"^COPY (backend/.*) backend/?", read("docker/postgres/Dockerfile"), re.M)
    there = {re.sub(r"\.py$", "", word.split("/")[1]) for line in copied for word in line.split()}

    rooms = {module.split(".")[1] for module in imported if module.startswith("backend.")}

    assert rooms - there == set()
    assert there & {"models", "services", "api", "web", "request"} == set()


def test_every_package_that_the_tool_imports_is_asked_for(imported: set[str]) -> None:
    packages = {module for module in imported if not module.startswith("backend")}
    needed = {normal(_BROUGHT_BY.get(name, name)) for name in packages - sys.stdlib_module_names}

    assert needed <= set(asked("requirements-backup"))
