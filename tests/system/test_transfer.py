"""A SQLite file moves into the running stack, and its people go on there."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from flask import Flask

from backend.config.database_url import DatabaseUrl
from backend.config.settings import Settings, load_settings
from backend.demo.config import DemoConfig
from backend.demo.writer import fill
from backend.migrate import upgrade
from tests.actors import PASSWORD, Actor, make_actor
from tests.live_server import SECRET_KEY
from tests.system.person import Person
from tests.system.stack import Stack


@dataclass(frozen=True)
class Mvp:
    """An app on SQLite that has users, in a folder of its own."""

    folder: Path
    ayse: Actor
    group: str

    @property
    def balances(self) -> object:
        return self.ayse.get(f"/api/v1/groups/{self.group}/balances").get_json()


@pytest.fixture
def mvp(tmp_path: Path, serve: Callable[[Settings], Flask]) -> Mvp:
    database = DatabaseUrl("sqlite", path=tmp_path / "instance" / "hesap_paylas.db")
    upgrade(database)
    settings = replace(load_settings({"SECRET_KEY": SECRET_KEY}), database=database)
    ayse = make_actor(serve(settings), "Ayşe")
    flat = ayse.make_group("Ev arkadaşları")
    mehmet = flat.add_member("Mehmet")
    ayse.post(f"{flat.path}/orders", flat.order(flat.me, mehmet, total="211.60"))
    fill(database, DemoConfig(users=30, orders=300), add=True)
    # The container's user is somebody else.
    (tmp_path / "instance").chmod(0o755)
    return Mvp(tmp_path / "instance", ayse, flat.id)


def transfer(stack: Stack, folder: Path, *flags: str) -> CompletedProcess[str]:
    """Run the command as the guide says."""
    file = ("--sqlite", "/source/hesap_paylas.db")
    mounted = ("--volume", f"{folder}:/source:ro")
    return stack.compose("run", "--rm", "-T", *mounted, "transfer", *file, *flags, check=False)


def test_people_of_the_file_go_on_in_the_stack(own_stack: Stack, mvp: Mvp) -> None:
    before = (mvp.folder / "hesap_paylas.db").read_bytes()
    present = Person.signed_up(own_stack)

    refused = transfer(own_stack, mvp.folder)
    assert refused.returncode == 77, refused.stderr
    assert present.get("me")["email"] == present.email

    moved = transfer(own_stack, mvp.folder, "--truncate")
    assert moved.returncode == 0, moved.stderr
    assert "done" in moved.stdout

    ayse = Person(own_stack, mvp.ayse.person.email, PASSWORD)
    ayse.log_in()
    assert [group["name"] for group in ayse.get("groups")["items"]] == ["Ev arkadaşları"]
    assert ayse.get(f"groups/{mvp.group}/balances") == mvp.balances
    checked = own_stack.compose(
        "run", "--rm", "-T", "--entrypoint", "python", "transfer", "-m", "backend", "check"
    )
    assert "rules hold" in checked.stdout
    assert (mvp.folder / "hesap_paylas.db").read_bytes() == before
