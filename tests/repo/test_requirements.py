"""The hash-locked lists hold what the short lists ask for."""

import re

import pytest
from packaging.requirements import Requirement

from tests.repo.checkout import read

LISTS = ("requirements", "requirements-backup", "requirements-dev")


def asked(name: str) -> dict[str, Requirement]:
    """Return what a short list asks for, by normalised name."""
    lines = [line.split("#")[0].strip() for line in read(f"{name}.in").splitlines()]
    wanted = [Requirement(line) for line in lines if line and not line.startswith("-")]
    return {normal(requirement.name): requirement for requirement in wanted}


def locked(name: str) -> dict[str, str]:
    """Return what is locked: version by normalised name."""
    pins = re.findall(r"^([\w.\[\]-]+)==([^\s;\\]+)", read(f"{name}.txt"), re.MULTILINE)
    return {normal(package.split("[")[0]): version for package, version in pins}


def normal(name: str) -> str:
    """Return the one spelling of a package's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("name", LISTS)
def test_the_lock_satisfies_every_line_of_the_short_list(name: str) -> None:
    versions = locked(name)

    wanting = [
        str(requirement)
        for package, requirement in asked(name).items()
        if not requirement.specifier.contains(versions.get(package, "0"))
    ]

    assert wanting == [], "run: make lock"


@pytest.mark.parametrize("name", LISTS)
def test_every_locked_package_has_a_hash(name: str) -> None:
    packages = re.split(r"^(?=[\w])", read(f"{name}.txt"), flags=re.MULTILINE)[1:]

    assert [package.split()[0] for package in packages if "--hash=sha256:" not in package] == []


@pytest.mark.parametrize("name", ["requirements", "requirements-backup"])
def test_all_lists_lock_the_same_versions(name: str) -> None:
    development = locked("requirements-dev")

    differing = {
        package: (version, development.get(package))
        for package, version in locked(name).items()
        if development.get(package) != version
    }

    assert differing == {}
