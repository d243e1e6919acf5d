"""The question to the app's half of a drill: an answer counts only if it is to this question."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backend.backup.postgres.app_check import ask_app
from tests.polling import wait_for


@pytest.fixture
def answering(tmp_path: Path) -> Iterator[Callable[[dict[str, object]], None]]:
    """Answer the next question; `token` is the one that was asked with unless the answer has one."""
    threads = []

    def answer(values: dict[str, object]) -> None:
        request = tmp_path / "request"

        def write() -> None:
            token = wait_for(lambda: request.exists() and request.read_text().strip(), "a question")
            (tmp_path / "answer.json").write_text(json.dumps({"token": token, **values}))

        threads.append(threading.Thread(target=write))
        threads[-1].start()

    yield answer
    for thread in threads:
        thread.join()


@pytest.mark.parametrize(
    ("answer", "objections"),
    [
        pytest.param({"ok": True, "lines": []}, [], id="sound"),
        pytest.param({"ok": False, "lines": ["a sum"]}, ["the app's check: a sum"], id="not sound"),
        pytest.param({"ok": False}, ["the app's check failed"], id="no reason given"),
        pytest.param({"ok": "yes"}, ["the app's check failed"], id="no plain yes"),
    ],
)
def test_an_answer_is_taken_over(tmp_path, answering, answer, objections) -> None:
    answering(answer)

    assert list(ask_app(tmp_path)) == objections


def test_no_answer_is_an_objection(tmp_path) -> None:
    assert list(ask_app(tmp_path, patience=0.1)) == [
        "the app's check gave no answer: see the service drill-check and its log"
    ]


def test_an_answer_to_an_earlier_question_is_none(tmp_path, answering) -> None:
    answering({"ok": True, "token": "of yesterday"})

    assert len(ask_app(tmp_path, patience=0.5)) == 1


def test_nothing_is_left_behind(tmp_path, answering) -> None:
    answering({"ok": True})

    ask_app(tmp_path)

    assert list(tmp_path.iterdir()) == []
