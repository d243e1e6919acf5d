"""What the service tells a web service: each failure once, its end, and each proof."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.backup.cluster.repository import ClusterFolder
from backend.backup.cluster.served_cluster import ServedCluster
from backend.backup.cluster.settings import load_cluster_settings
from backend.backup.cluster.workshop import open_workshop
from backend.backup.notification.messenger import ADDRESS_FILE, Messenger
from backend.backup.service.loop import BackupService
from backend.backup.service.reports import ServiceReports
from tests.integration.backup.notification.receiver import Receiver
from tests.polling import wait_for

NOON = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
FAILED = "the drill of 2026-11-27 11:00:00 UTC failed: hesap_paylas: table public.orders has 1 rows"
GAP = "no point in time: WAL is missing"


@pytest.fixture
def folder(tmp_path: Path) -> ClusterFolder:
    root = tmp_path / "7712701674926625526"
    root.mkdir()
    return ClusterFolder(root)


@pytest.fixture
def reports(tmp_path: Path, web: Receiver) -> ServiceReports:
    (tmp_path / ADDRESS_FILE).write_text(f"{web.url}/ping")
    return ServiceReports(Messenger(tmp_path, has_route=lambda: True))


def told(web: Receiver, count: int) -> list[str]:
    """Return the methods of all requests, when there are so many."""
    wait_for(lambda: len(web.asked) >= count, f"{count} requests")
    return [one.method for one in web.asked]


def test_a_proved_backup_is_a_heartbeat(reports, folder, web) -> None:
    reports.looked([], folder)
    reports.proved()
    reports.looked([], folder)

    assert told(web, 1) == ["GET"]


def test_a_failed_drill_is_told_once_with_all_that_is_wrong(reports, folder, web) -> None:
    reports.looked([GAP], folder)
    told(web, 1)
    reports.looked([GAP, FAILED], folder)
    told(web, 2)
    reports.looked([GAP, FAILED], folder)
    reports.looked([f"{GAP} still"], folder)
    reports.failed("the end", folder=folder)
    told(web, 3)

    assert [one.body for one in web.asked] == [
        f"backups of cluster 7712701674926625526: not well\n{GAP}\n",
        f"backups of cluster 7712701674926625526: not well\n{GAP}\n{FAILED}\n",
        "backups of cluster 7712701674926625526: not well\nthe end\n",
    ]


def test_that_all_is_well_again_is_a_heartbeat(reports, folder, web) -> None:
    reports.looked([GAP], folder)
    told(web, 1)
    reports.looked([], folder)
    reports.looked([], folder)

    assert told(web, 2) == ["POST", "GET"]


def test_a_proof_while_something_else_is_wrong_is_none(reports, folder, web) -> None:
    reports.looked([GAP], folder)
    told(web, 1)
    reports.proved()
    reports.looked([GAP], folder)
    reports.failed("the end", folder=folder)

    assert told(web, 2) == ["POST", "POST"]


def test_whoever_cannot_look_does_not_say_that_all_is_well(reports, folder, web) -> None:
    reports.proved()
    reports.blind([], folder)
    reports.failed("the end", folder=folder)

    assert told(web, 1) == ["POST"]


def test_what_looks_like_a_secret_or_a_person_is_blotted_out(reports, folder, web) -> None:
    reports.failed("full failed: ana@example.com, postgresql://ana:Xk2mQ9@db/bills", folder=folder)
    told(web, 1)

    assert "ana@example.com" not in web.asked[0].body
    assert "Xk2mQ9" not in web.asked[0].body


def test_the_service_tells_that_it_cannot_look(tmp_path, reports, web) -> None:
    control = tmp_path / "data/global/pg_control"
    control.parent.mkdir(parents=True)
    control.write_bytes((7712701674926625526).to_bytes(8, sys.byteorder))
    # The keys' folder holds the address, and no pass for a repository.
    folders = {"PGDATA": tmp_path / "data", "BACKUP_DIR": tmp_path, "BACKUP_KEYS_DIR": tmp_path}
    settings = load_cluster_settings({name: str(path) for name, path in folders.items()})
    clock = [NOON]
    service = BackupService(
        ServedCluster(open_workshop(settings)),
        lambda: clock[-1],
        tmp_path / "health",
        reports.messenger,
    )

    for minutes in (1, 16, 17):
        clock.append(NOON + timedelta(minutes=minutes))
        service.turn()
    told(web, 1)

    first = web.asked[0]
    assert (first.method, first.target) == ("POST", "/ping/fail")
    assert "the backups could not be looked at since 2026-11-27 12:00:00 UTC: " in first.body
    assert "there is no cipher pass" in first.body
