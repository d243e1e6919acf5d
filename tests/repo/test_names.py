"""One word for one thing: no two classes share a name, and files are named by nouns."""

import ast
import sys
from collections import Counter

import pytest

from tests.repo.checkout import files, read


def defined_names(folder: str) -> Counter[str]:
    """Count in how many modules each class or type alias is defined."""
    found: Counter[str] = Counter()
    for name in files(f"{folder}/*.py"):
        if "/migrations/" not in name:
            found.update(set(_names(ast.parse(read(name)))))
    return found


def _names(module: ast.Module) -> list[str]:
    classes = [node.name for node in module.body if isinstance(node, ast.ClassDef)]
    aliases = [
        target.id
        for node in module.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id[0].isupper() and not target.id.isupper()
    ]
    return classes + aliases


@pytest.mark.parametrize("folder", ["backend", "deploy"])
def test_a_name_of_a_class_means_one_thing(folder: str) -> None:
    found = {name for name, count in defined_names(folder).items() if count > 1}

    assert found == set()


def test_files_are_named_by_nouns() -> None:
    names = [*files("backend/*.py"), *files("deploy/*.py")]

    found = {n for n in names if n.endswith("ing.py") and "/migrations/" not in n}

    assert found == set()


def test_no_module_of_the_backend_hides_one_of_the_standard_library() -> None:
    """A Python that is started inside `backend/` finds the modules there first."""
    found = {name.split("/")[1].removesuffix(".py") for name in files("backend/*.py")}

    assert found & set(sys.stdlib_module_names) == set()
