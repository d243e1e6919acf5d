"""What no manifest speaks of is named, so that nobody takes a green drill for a proof of it."""

from backend.backup.cluster.cluster_snapshot import open_databases
from backend.backup.postgres.omissions import omissions
from tests.fix_postgres import PostgresServer


def test_a_plain_server_has_its_roles(cluster: PostgresServer) -> None:
    assert list(omissions(cluster.url, open_databases(cluster.url))) == ["1 roles and their rights"]


def test_each_kind_is_named(cluster: PostgresServer) -> None:
    cluster.execute("CREATE ROLE reader")
    cluster.execute("CREATE DATABASE pictures")
    cluster.execute("SELECT lo_create(0) FROM generate_series(1, 3)", dbname="pictures")
    cluster.execute("CREATE DATABASE resting ALLOW_CONNECTIONS false")

    found = list(omissions(cluster.url, open_databases(cluster.url)))

    assert found == [
        "2 roles and their rights",
        "database resting, which allows no connections",
        "3 large objects in pictures",
    ]
