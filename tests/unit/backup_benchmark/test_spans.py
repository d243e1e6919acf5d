"""A write and a request count for the stage that they were under way in."""

from benchmarks.backup.disturbance import Disturbance
from benchmarks.backup.staged_run import StagedRun
from benchmarks.backup.writers import Write, parse_write
from benchmarks.swap_drill.http_client import Sample

RUN = StagedRun({}, {"full backup": 100.0, "manifest": 110.0, "archive": 111.0}, 115.0)


def test_a_stage_ends_where_the_next_begins_and_the_last_with_the_command() -> None:
    assert RUN.stage("full backup") == (100.0, 110.0)
    assert RUN.stage("archive") == (111.0, 115.0)


def test_a_line_of_pgbench_tells_when_the_write_was_due() -> None:
    write = parse_write("2 17 250000 0 1795771200 750000 1200")

    assert write == Write(1795771200.5, 250.0)


def test_what_began_before_a_stage_and_ended_in_it_has_waited_for_it() -> None:
    found = Disturbance(
        quiet=[(80.0, 90.0)],
        runs=[RUN],
        samples=[
            Sample("page", 85.0, 0.01, ""),
            Sample("page", 99.0, 2.0, ""),
            Sample("page", 110.5, 0.5, ""),
        ],
        writes=[Write(85.0, 2.0), Write(109.5, 700.0), Write(111.5, 900.0)],
    )

    assert found.app_milliseconds(found.quiet) == [10.0]
    assert found.app_milliseconds(found.spans("full backup")) == [2000.0]
    assert found.write_milliseconds(found.spans("manifest")) == [700.0]
