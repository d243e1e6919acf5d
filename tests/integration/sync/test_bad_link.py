"""A hosted Postgres as it is: TLS, SCRAM, a round trip of 30 ms, and a line that keeps dropping."""

from contextlib import closing

import pytest

from backend.invariants import check
from backend.models import Order, User
from backend.sync import retries
from backend.sync.cli import main
from tests.integration.sync.bad_link import BadLink
from tests.integration.sync.conftest import on_port
from tests.integration.sync.homes import shared
from tests.integration.sync.pair import Pair
from tests.integration.sync.tls_door import TlsDoor
from tests.seeds import seeded

ORDERS, PEOPLE = 12, 25
# Of four tries, three are lost.
BREAKS = 3


# A file at home, a database elsewhere.
pytestmark = pytest.mark.parametrize("pair", ["sqlite-postgres"], indirect=True)


@pytest.fixture
def link(request, pair, tmp_path):
    """The long way to the remote side, through a door that speaks TLS; as long as it is in a drill."""
    one_way = 0.015 if request.node.get_closest_marker("slow") else 0.001
    with (
        closing(TlsDoor(pair.remote.database, tmp_path)) as door,
        closing(BadLink(door.port, one_way_seconds=one_way)) as long,
    ):
        yield long


@pytest.mark.parametrize("rounds", [1, pytest.param(6, marks=pytest.mark.slow)])
def test_both_sides_become_one_over_a_bad_line(
    pair: Pair, link, rounds, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(retries, "_WAIT", lambda _state: 0.05)
    random = seeded(f"bad link {rounds}")
    home = shared(pair)
    through = on_port(pair.remote.database, link.port, sslmode="require")
    monkeypatch.setenv("RENDER_DATABASE_URL", through.conninfo())
    codes = []

    for number in range(rounds):
        for name, world in (("here", pair.local), ("there", pair.remote)):
            for _ in range(ORDERS):
                world.add_order(home.group, home.one, {home.one: random.randrange(1, 999)})
            for person in range(PEOPLE):
                world.add_user(f"{name}{number}.{person}@example.com")
            # Who signs up on both sides is one person.
            world.add_user(f"both{number}@example.com")
        pair.local.change_order(home.order, title=f"Round {number}", factor=2)
        for direction in ("local2render", "render2local"):
            link.break_after([random.randrange(1_000, 25_000) for _ in range(BREAKS)])
            asked = ["--local", str(pair.local.database), "--batch-size", "10"]
            codes.append(main([direction, *asked]))

    assert codes == [0] * len(codes), capsys.readouterr().err
    assert link.broken >= 2 * rounds
    assert link.is_encrypted
    assert len(link.began) > link.broken
    assert pair.differences() == {}
    assert pair.local.count(Order) == 1 + 2 * rounds * ORDERS
    assert pair.local.count(User) == 1 + rounds * (2 * PEOPLE + 1)
    assert pair.local.balances() == pair.remote.balances()
    assert check(pair.remote.database).is_clean
    assert [one.written for one in pair.both()] == [0, 0]
