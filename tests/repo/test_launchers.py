"""A launcher is what people type; what it does is in a package that can be tested."""

import ast

import pytest

from tests.repo.checkout import files, read

LAUNCHERS = files("dev_server.py", "sync_databases.py", "backend/db_*.py", "deploy/bluegreen.py")


@pytest.mark.parametrize("name", LAUNCHERS)
def test_a_launcher_fits_the_eye(name: str) -> None:
    assert len(read(name).splitlines()) <= 20


@pytest.mark.parametrize("name", LAUNCHERS)
def test_a_launcher_holds_no_logic(name: str) -> None:
    statements = {type(node) for node in ast.parse(read(name)).body}

    assert statements <= {ast.Expr, ast.Import, ast.ImportFrom, ast.If}


def test_the_launchers_people_know_are_there() -> None:
    known = {"dev_server.py", "sync_databases.py", "backend/db_migrate.py", "deploy/bluegreen.py"}

    assert known <= set(LAUNCHERS)
