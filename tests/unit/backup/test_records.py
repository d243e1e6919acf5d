"""Records are kept in the order of what happened, and strange files do no harm."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from backend.backup.records import EventLog, EventRecord

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def test_records_come_back_by_their_event_in_the_order_of_time(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "records")
    for minutes, event in ((2, "drill"), (1, "drill"), (0, "restore"), (3, "restore-point")):
        log.add(EventRecord(event, NOON + timedelta(minutes=minutes), {"number": minutes}))

    assert [one.fields["number"] for one in log.read("drill")] == [1, 2]
    assert [(one.at, one.event) for one in log.read("restore")] == [(NOON, "restore")]


def test_two_records_of_one_moment_are_two_files(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    for number in range(5):
        log.add(EventRecord("drill", NOON, {"number": number}))

    assert {one.fields["number"] for one in log.read("drill")} == {0, 1, 2, 3, 4}


def test_what_is_no_record_is_left_out(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    log.add(EventRecord("drill", NOON))
    for name, text in (("a", "{"), ("b", "[]"), ("c", '{"event": "drill"}'), ("d", "\xff")):
        (tmp_path / f"drill-{name}.json").write_text(text, encoding="latin-1")

    assert [one.at for one in log.read("drill")] == [NOON]


def test_a_folder_that_is_not_there_holds_none(tmp_path: Path) -> None:
    assert EventLog(tmp_path / "none").read("drill") == []
