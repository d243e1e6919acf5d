"""What `status` and the service say, by a clock that tests set."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from backend.backup.dump.served_dumps import ServedDumps
from backend.backup.health_check import standing_alarms
from backend.backup.service.loop import BackupService
from tests.integration.backup.dump.bills import Bills


@pytest.fixture
def service(bills: Bills, tmp_path: Path) -> BackupService:
    dumps = ServedDumps(bills.backups, lambda: bills.settings, bills.settings)
    return BackupService(dumps, lambda: bills.now, tmp_path / "health.json")


def alarms_of(service: BackupService) -> list[str]:
    return standing_alarms(str(service.health_file), service.now().timestamp())


def test_status_says_that_there_is_no_point_in_time_and_no_escrow(bills: Bills) -> None:
    before = bills.backups.status()
    bills.create()
    bills.drill()
    key = bills.backups.keygen()
    after = bills.backups.status()

    assert "there is no dump yet; the service makes one five minutes after it begins" in (
        before.warnings
    )
    assert any(line.startswith("no escrow: ") for line in before.warnings)
    assert [line.partition(":")[0] for line in after.warnings] == ["no copy off this host is known"]
    assert str(after.facts["point_in_time"]).startswith("none")
    assert after.newest_proven is not None
    assert bills.repository.key().identity == key.identity
    assert bills.settings.database.password not in "".join(after.lines())


def test_the_service_outlives_a_disk_that_is_not_mounted_and_says_so(
    bills: Bills, service: BackupService, monkeypatch
) -> None:
    def later(_: float) -> None:
        if len(looks) == 2:
            raise KeyboardInterrupt
        looks.append(alarms_of(service))
        bills.now += timedelta(minutes=16)

    looks: list[list[str]] = []
    monkeypatch.setattr("time.sleep", later)
    service.backups.folder.root.parent.rename(
        service.backups.folder.root.parent.with_name("elsewhere")
    )

    with pytest.raises(KeyboardInterrupt):
        service.run()

    first, (alarm,) = looks
    assert first == []
    assert alarm.startswith("the dumps could not be looked at since 2026-11-21 12:00:00 UTC: ")
    assert "cannot be made: No such file or directory" in alarm


def test_the_service_dumps_each_night_and_proves_it(bills: Bills, service: BackupService) -> None:
    service.turn()
    at_once = bills.repository.names()
    bills.now += timedelta(minutes=5)
    service.turn()
    bills.now += timedelta(hours=2)
    service.turn()
    the_same_day = bills.repository.names()
    bills.now += timedelta(hours=12)
    service.turn()
    backups = bills.backups.list_backups().backups

    assert (at_once, len(the_same_day), len(backups)) == ([], 1, 2)
    assert all(one.proven_at for one in backups)
    assert alarms_of(service) == []


def test_a_drill_that_fails_is_an_alarm_until_the_newest_passes(
    bills: Bills, service: BackupService
) -> None:
    bills.objections = ["the app's check: a balance is off"]
    bills.now += timedelta(minutes=5)
    service.turn()
    red = alarms_of(service)
    bills.objections = []
    bills.now += timedelta(days=1)
    service.turn()

    assert [line.partition(" failed: ")[2] for line in red] == ["the app's check: a balance is off"]
    assert alarms_of(service) == []


def test_a_database_that_does_not_answer_is_no_dump_and_an_alarm_after_a_day(
    bills: Bills, service: BackupService
) -> None:
    bills.now += timedelta(minutes=5)
    service.turn()
    bills.logged_in_as(bills.settings.database.with_login("nobody", "wrong"))

    bills.now += timedelta(hours=14)
    service.turn()
    soon = alarms_of(service)
    bills.now += timedelta(hours=14)
    service.turn()

    assert soon == []
    assert alarms_of(service)[0].startswith("no dump was proved since")
    assert len(bills.repository.names()) == 1


def test_a_database_that_never_was_dumped_is_an_alarm_after_a_day(
    bills: Bills, service: BackupService
) -> None:
    bills.execute("CREATE TABLE secret (id int)")
    bills.now += timedelta(minutes=5)
    service.turn()
    soon = alarms_of(service)
    bills.now += timedelta(hours=27)
    service.turn()

    assert soon == []
    assert alarms_of(service) == ["no dump was proved since 2026-11-21 12:00:00 UTC"]


def test_another_database_has_a_day_of_its_own_to_be_proved(
    bills: Bills, service: BackupService, caplog: pytest.LogCaptureFixture
) -> None:
    bills.now += timedelta(days=2)
    other = replace(bills.repository, root=bills.repository.root.with_name("dumps-other"))
    bills.settings = replace(bills.settings, repository=other)

    service.turn()

    assert alarms_of(service) == []
    assert "no dump was proved" not in caplog.text


@pytest.mark.slow
@pytest.mark.parametrize("jump", [timedelta(days=1), timedelta(days=-1)])
def test_a_clock_that_jumps_and_comes_back_repeats_and_deletes_nothing(
    bills: Bills, service: BackupService, jump: timedelta
) -> None:
    bills.now += timedelta(minutes=5)
    service.turn()
    first = bills.repository.names()
    bills.now += jump
    service.turn()
    during = bills.repository.names()
    bills.now -= jump
    service.turn()

    assert set(first) <= set(during)
    assert bills.repository.names() == during
    assert len(during) == (2 if jump > timedelta() else 1)
