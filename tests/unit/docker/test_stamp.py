"""The release of an image: the same files give the same one, and any other file another."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

STAMP = Path(__file__).resolve().parents[3] / "docker" / "app" / "stamp.py"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "backend").mkdir()
    (tmp_path / "backend/version.py").write_text('__version__ = "1.2.3"\n')
    (tmp_path / "backend/app.py").write_text("answer = 42\n")
    return tmp_path


def release(tree: Path) -> str:
    command = [sys.executable, str(STAMP), str(tree)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_is_the_version_and_ten_digits(tree: Path) -> None:
    assert re.fullmatch(r"1\.2\.3-[0-9a-f]{10}", release(tree))


def test_times_modes_and_bytecode_do_not_matter(tree: Path) -> None:
    before = release(tree)

    os.utime(tree / "backend/app.py", (1, 1))
    (tree / "backend/app.py").chmod(0o600)
    (tree / "backend/__pycache__").mkdir()
    (tree / "backend/__pycache__/app.cpython-313.pyc").write_bytes(b"\0")
    (tree / "VERSION").write_text("an earlier one\n")

    assert release(tree) == before


@pytest.mark.parametrize(
    ("name", "content"),
    [("backend/app.py", "answer = 43\n"), ("backend/new.py", ""), ("requirements.txt", "flask\n")],
)
def test_another_file_is_another_release(tree: Path, name: str, content: str) -> None:
    before = release(tree)

    (tree / name).write_text(content)

    assert release(tree) != before
