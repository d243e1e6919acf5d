"""SQL is a literal of ours or comes from `backend.db.sql`: nobody joins strings to a statement."""

import ast
from collections.abc import Iterator

import pytest

from tests.repo.checkout import files, read

BUILDER = "backend/db/sql.py"
_RUN = {"execute", "executemany", "exec_driver_sql", "copy"}
_BUILD = {"statement", "join", "chain"}
_STRING_METHODS = {"encode", "format", "join", "replace"}


def strings_as_sql(source: str) -> Iterator[int]:
    """Yield the lines that hand a string which is no literal to a driver or to the builder."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    for call in calls:
        if call.args and _takes_sql(call.func) and _is_made_of_strings(call.args[0]):
            yield call.lineno
    for number, line in enumerate(source.splitlines(), 1):
        if "noqa" in line and "S608" in line:
            yield number


def _takes_sql(called: ast.expr) -> bool:
    if isinstance(called, ast.Name):
        return called.id in _BUILD
    if not isinstance(called, ast.Attribute):
        return False
    is_builder = isinstance(called.value, ast.Name) and called.value.id == "sql"
    return called.attr in _RUN or (is_builder and called.attr in _BUILD)


def _is_made_of_strings(argument: ast.expr) -> bool:
    match argument:
        case ast.JoinedStr() | ast.BinOp():
            return True
        case ast.Call(func=ast.Attribute(value=ast.Name(id="sql"))):
            return False
        case ast.Call(func=ast.Attribute(attr=method)):
            return method in _STRING_METHODS
        case ast.IfExp(body=one, orelse=other):
            return _is_made_of_strings(one) or _is_made_of_strings(other)
    return False


@pytest.mark.parametrize(
    ("source", "found"),
    [
        pytest.param('c.execute("SELECT 1")', False, id="literal"),
        pytest.param("c.execute(_QUERY, [1])", False, id="constant"),
        pytest.param('c.execute(statement("{}", name(x)))', False, id="built"),
        pytest.param('c.execute(sql.join(", ", parts))', False, id="joined by the builder"),
        pytest.param('c.execute(f"SELECT {x}")', True, id="f-string"),
        pytest.param('c.execute("SELECT " + x)', True, id="sum"),
        pytest.param('c.execute("SELECT %s" % x)', True, id="percent"),
        pytest.param('c.execute(" ".join(words))', True, id="joined"),
        pytest.param('c.execute("{}".format(x))', True, id="formatted"),
        pytest.param("c.execute(query.encode())", True, id="encoded"),
        pytest.param('statement(f"{x}")', True, id="template of strings"),
        pytest.param('sql.statement("a" if b else f"{x}")', True, id="one of two"),
        pytest.param('x = f"SELECT {y}"  # noqa: ' + "S608", True, id="linter silenced"),
    ],
)
def test_strings_are_told_from_sql(source, found) -> None:
    assert bool(list(strings_as_sql(source))) == found


def test_sql_comes_from_the_builder() -> None:
    found = {
        name
        for name in files("backend/*.py")
        if name != BUILDER and "/migrations/" not in name and list(strings_as_sql(read(name)))
    }

    assert found == set()
