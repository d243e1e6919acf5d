"""What a killed drill has left is cleared away, and nobody else is."""

from __future__ import annotations

import signal
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backend.backup.postgres.scratch_server import ScratchFolder

# It ends with its standard input at the latest, and so with the test.
WAITS = "#!/bin/sh\nread -r line\n"


@contextmanager
def waiting(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        yield process


def program(path: Path) -> str:
    path.write_text(WAITS)
    path.chmod(stat.S_IRWXU)
    return str(path)


def test_a_server_that_was_left_is_ended_with_its_folder(tmp_path: Path) -> None:
    scratch = ScratchFolder(tmp_path, tmp_path)
    scratch.cluster.mkdir()
    server = program(tmp_path / "postgres")

    with waiting(server, "-D", str(scratch.cluster)) as process:
        scratch.clear()
        ended = process.wait(timeout=60)

    assert ended == -signal.SIGQUIT
    assert not scratch.cluster.exists()


def test_whoever_only_looks_at_the_folder_is_let_be(tmp_path: Path) -> None:
    scratch = ScratchFolder(tmp_path, tmp_path)
    reader = program(tmp_path / "less")

    with waiting(reader, str(scratch.cluster / "PG_VERSION")) as process:
        scratch.clear()

        assert process.poll() is None
