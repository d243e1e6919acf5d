"""The script in the proxy's container: a route is on the disk before the process hears of it."""

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deploy.rollout.proxy import parse_state
from deploy.rollout.route import Route
from tests.fix_missing import not_here
from tests.repo.checkout import read

SCRIPT = read("deploy/rollout/route.pl")


@dataclass
class FakeProxy:
    """Answers at the admin socket, and remembers what the file held when it was told a route."""

    folder: Path
    route: str = "blue_green"
    on_disk: list[str] = field(default_factory=list)

    @property
    def map(self) -> Path:
        return self.folder / "route.map"

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        script = SCRIPT.replace("/var/lib/hesap", str(self.folder)).replace(
            "/var/run/hesap/admin.sock", str(self.folder / "admin.sock")
        )
        return subprocess.run(
            ["perl", "-", *words], input=script, check=False, capture_output=True, text=True
        )

    def serve(self, door: socket.socket) -> None:
        while True:
            try:
                client, _ = door.accept()
            except OSError:
                return
            with client:
                client.sendall(self._answer(client.recv(4096).decode().split()).encode())

    def _answer(self, words: list[str]) -> str:
        if words[:2] == ["set", "map"]:
            self.on_disk.append(self.map.read_text())
            self.route = words[-1]
            return "\n"
        return f"0x1 route {self.route}\n"


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[FakeProxy]:
    if not shutil.which("perl"):
        not_here("there is no Perl, which the proxy's image brings")
    made = FakeProxy(tmp_path)
    made.map.write_text("route blue_green\n")
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(tmp_path / "admin.sock"))
        door.listen()
        threading.Thread(target=made.serve, args=(door,), daemon=True).start()
        yield made
        door.shutdown(socket.SHUT_RDWR)


def test_a_route_is_on_the_disk_before_the_process_is_told(proxy: FakeProxy) -> None:
    told = proxy.run("set", "green_none", '{"event": "flipped"}')

    assert told.returncode == 0, told.stderr
    assert proxy.on_disk == ["route green_none\n"]
    assert parse_state(told.stdout).in_process == Route.parse("green_none")
    assert proxy.run("history").stdout == '{"event": "flipped"}\n'
