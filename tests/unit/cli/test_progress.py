"""A person sees a bar; a log gets a line for each stage, and no person's data."""

import io
import logging

from backend.cli.progress import watching


class Terminal(io.StringIO):
    """What somebody sits in front of."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar_with_rows_speed_and_time_left() -> None:
    screen = Terminal()

    with watching(screen) as watcher:
        watcher.stage("load", 2000)
        watcher.advance("orders", 1000)
        watcher.advance("orders", 500)

    seen = screen.getvalue()
    assert "load" in seen
    assert "orders" in seen
    assert "1,500 of 2,000 rows" in seen


def test_a_log_gets_a_line_when_a_stage_begins_and_one_when_it_ends(caplog) -> None:
    caplog.set_level(logging.INFO)
    stream = io.StringIO()

    with watching(stream) as watcher:
        watcher.stage("load", 2000)
        watcher.advance("orders", 1000)
        watcher.stage("compare", 2000)

    assert [record.getMessage() for record in caplog.records] == [
        "load begins", "load ended", "compare begins", "compare ended",
    ]  # fmt: skip
    assert stream.getvalue() == ""


def test_a_terminal_does_not_keep_the_stages_from_the_log(caplog) -> None:
    caplog.set_level(logging.INFO)

    with watching(Terminal()) as watcher:
        watcher.stage("load", 2000)

    assert [record.getMessage() for record in caplog.records] == ["load begins", "load ended"]
