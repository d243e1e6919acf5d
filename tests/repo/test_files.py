"""What every file of the repository keeps to."""

import re

from tests.repo.checkout import ROOT, files, read

# Answers as they go over the wire (*.http) have that protocol's line ends.
NOT_TEXT = (".png", ".ico", ".db", ".http")
TEXT = [name for name in files("*") if not name.endswith(NOT_TEXT)]


def test_text_files_have_unix_line_ends_and_end_with_one() -> None:
    contents = {name: (ROOT / name).read_bytes() for name in TEXT}

    found = [
        name for name, text in contents.items() if b"\r" in text or (text and text[-1:] != b"\n")
    ]

    assert found == []


def test_git_keeps_unix_line_ends_on_windows_too() -> None:
    assert "* text=auto eol=lf" in read(".gitattributes").splitlines()


def test_the_compose_files_folder_finds_the_environment_file_of_the_root() -> None:
    link = ROOT / "deploy/.env"

    assert link.is_symlink()
    assert link.readlink().as_posix() == "../.env"


def test_no_file_names_a_package_registry_or_the_machine_it_was_written_on() -> None:
    registry = re.compile(r"(pypi|pythonhosted|npmjs|debian|ubuntu)\.(org|com)")
    machine = re.compile(r"(?<![\w.])/(work|home|root|Users)/\w")

    found = [name for name in TEXT if registry.search(read(name)) or machine.search(read(name))]

    assert found == []


def test_no_file_outside_the_tests_holds_a_secret() -> None:
    secret = re.compile(
        r"-----BEGIN [A-Z ]*PRIVATE KEY"
        r"|://[\w.-]+:(?!PASSWORD@|password@|\*+@|\.\.\.@)[^@\s/${}<%*…]+@\w"
        r"|\b(AKIA|ghp_|xox[bp]-)\w{10,}"
    )

    found = [name for name in TEXT if not name.startswith("tests/") and secret.search(read(name))]

    assert found == []
