"""Several workers share the tests so that each stack is started once, and alone."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TWO_TESTS = "def test_one(): ...\n\ndef test_two(): ...\n"
FILES = ("system/test_stack.py", "system/test_swap.py", "unit/test_a.py", "unit/test_b.py")


def test_all_stacks_are_with_one_worker_and_each_file_with_one(tmp_path: Path) -> None:
    for name in FILES:
        file = tmp_path / "tests" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(TWO_TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")

    said = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.fix_workers", "-n2", "-v"],
        check=True,
        cwd=tmp_path,
        env={"PATH": "", "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    ).stdout

    ran = re.findall(r"^\[(gw\d)\].* PASSED tests/(\S+)::", said, re.MULTILINE)
    assert len(ran) == len(FILES) * 2
    by = {name: {worker for worker, file in ran if file == name} for name in FILES}
    assert [len(workers) for workers in by.values()] == [1] * len(FILES)
    assert by["system/test_stack.py"] == by["system/test_swap.py"]
    assert {worker for worker, _ in ran} == {"gw0", "gw1"}
