"""What a machine lacks is told to its owner and fails in CI."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SUITE = """
import pytest

@pytest.mark.docker
def test_stack(): ...

@pytest.mark.browser
def test_page(): ...

@pytest.mark.nginx
def test_front(): ...

@pytest.mark.slow
def test_drill(): ...

def test_plain(): ...
"""
MARKERS = "[pytest]\nmarkers =\n  docker\n  browser\n  nginx\n  slow\n"


def run_suite(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the small suite on a machine that has neither Docker nor a browser nor nginx."""
    (folder / "test_suite.py").write_text(SUITE)
    (folder / "pytest.ini").write_text(MARKERS)
    empty = {"PATH": str(folder), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    command = (sys.executable, "-m", "pytest", "-p", "tests.fix_missing", "-m", "not slow", *words)
    return subprocess.run(
        command,
        check=False,
        cwd=folder,
        env=empty | environment,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    "line",
    [
        "1 × no Docker engine with Compose answers (tried: docker info)",
        "1 × no browser is installed (looked for chromium, chromium-browser, google-chrome)",
        "1 × nginx is not installed",
        "1 × a long drill: `make drill` runs it",
    ],
)
def test_a_laptop_without_the_tools_passes_and_is_told_what_did_not_run(
    tmp_path: Path, line: str
) -> None:
    result = run_suite(tmp_path)

    assert result.returncode == 0, result.stdout
    assert line in result.stdout
    assert "1 passed, 3 skipped, 1 deselected" in result.stdout


def test_what_two_workers_left_out_is_told_as_if_they_were_one(tmp_path: Path) -> None:
    result = run_suite(tmp_path, "-n2")

    told = re.findall(r"^ +(\d+) × (\S+ \S+)", result.stdout, re.MULTILINE)
    assert sorted(told) == [
        ("1", "a long"), ("1", "nginx is"), ("1", "no Docker"), ("1", "no browser"),
    ]  # fmt: skip


def test_ci_fails_for_what_is_missing(tmp_path: Path) -> None:
    result = run_suite(tmp_path, CI="true")

    assert result.returncode == 1
    assert "CI=true, and no Docker engine with Compose answers" in result.stdout
    assert "CI=true, and no browser is installed" in result.stdout
    assert "CI=true, and nginx is not installed" in result.stdout
    assert "1 passed, 1 deselected, 3 errors" in result.stdout
