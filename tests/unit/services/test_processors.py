"""A container's limit counts, in both versions of the kernel's files."""

from pathlib import Path

import pytest

from backend.services.processors import processors

V1 = ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        pytest.param({"cpu.max": "50000 100000\n"}, 0.5, id="version 2"),
        pytest.param({V1[0]: "25000\n", V1[1]: "100000\n"}, 0.25, id="version 1"),
    ],
)
def test_a_limit_on_the_container_is_what_may_be_used(tmp_path: Path, files, limit) -> None:
    _write(tmp_path, files)

    assert processors(tmp_path) == limit


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({}, id="no files"),
        pytest.param({"cpu.max": "max 100000\n"}, id="version 2"),
        pytest.param({V1[0]: "-1\n", V1[1]: "100000\n"}, id="version 1"),
        pytest.param({"cpu.max": "99900000 100000\n"}, id="a limit beyond the machine"),
    ],
)
def test_without_a_limit_the_machine_is_what_may_be_used(tmp_path: Path, files) -> None:
    _write(tmp_path, files)

    assert processors(tmp_path) == processors(tmp_path / "not there") >= 1


def _write(folder: Path, files: dict[str, str]) -> None:
    (folder / "cpu").mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
