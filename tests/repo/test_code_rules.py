"""Rules of the code that no linter knows."""

import ast
import re
import sys
from collections.abc import Iterator

import pytest

from tests.repo.checkout import files, read

CODE = files("*.py")
_ENVIRONMENT = {"environ", "environb", "getenv", "getenvb"}
PRODUCT = [name for name in CODE if name.startswith(("backend/", "deploy/", "docker/"))]


def nodes(name: str) -> Iterator[ast.AST]:
    """Walk the syntax tree of one file."""
    return ast.walk(ast.parse(read(name), name))


def catches_everything(node: ast.AST) -> bool:
    """Tell whether this is `except Exception`, alone or in a tuple, or a bare `except`."""
    if not isinstance(node, ast.ExceptHandler):
        return False
    caught = list(ast.walk(node.type)) if node.type else []
    return not caught or any(isinstance(x, ast.Name) and x.id == "Exception" for x in caught)


def test_everything_is_caught_only_in_the_shell_around_commands() -> None:
    found = {name for name in PRODUCT if any(catches_everything(node) for node in nodes(name))}

    assert found == {"backend/cli/shell.py"}


def reads_environment(node: ast.AST) -> bool:
    """Tell whether this is `os.environ` or `os.getenv`, or imports one of them."""
    if isinstance(node, ast.ImportFrom):
        return node.module == "os" and any(one.name in _ENVIRONMENT for one in node.names)
    match node:
        case ast.Attribute(value=ast.Name(id="os"), attr=attribute):
            return attribute in _ENVIRONMENT
    return False


def test_only_the_edges_hand_the_environment_to_the_configuration() -> None:
    found = {
        name for name in files("backend/*.py") for node in nodes(name) if reads_environment(node)
    }

    assert {name for name in found if not name.endswith(("/cli.py", "/wsgi.py"))} == set()


def test_nobody_looks_up_a_variable_past_the_configuration() -> None:
    lookup = re.compile(r"os\.(environ(\.get|\.setdefault|\.pop)?[\[(]|getenv\()")

    assert [name for name in PRODUCT if lookup.search(read(name))] == []


def test_what_has_to_be_done_is_an_issue_and_not_a_comment() -> None:
    words = ("TO" + "DO", "FIX" + "ME", "XX" + "X")

    found = [name for name in CODE for word in words if word in read(name)]

    assert found == []


def imported(name: str) -> set[str]:
    """Return the top-level packages that a file imports."""
    found = set()
    for node in nodes(name):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("name", files("deploy/*.py", "docker/app/healthcheck.py"))
def test_what_the_operator_runs_needs_only_the_standard_library(name: str) -> None:
    assert imported(name) - sys.stdlib_module_names <= {"deploy"}
