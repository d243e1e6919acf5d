"""The messenger: whoever hands it something never waits; what is newest arrives, or is noted."""

import logging
import threading
from pathlib import Path

import pytest

from backend.backup.notification.delivery import Notification
from backend.backup.notification.messenger import ADDRESS_FILE, Messenger, read_state
from backend.backup.notification.notification_status import (
    notification_facts,
    notification_warnings,
)
from tests.integration.backup.notification.receiver import Receiver, answer
from tests.polling import wait_for

TOKEN = "6f1a0d4e"
HEARTBEAT = Notification("heartbeat")
FAILURE = Notification("failure", "a drill failed\n")


@pytest.fixture
def keys(tmp_path: Path, web: Receiver) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir()
    (folder / ADDRESS_FILE).write_text(f"{web.url}/{TOKEN}\n")
    return folder


@pytest.fixture
def messenger(keys: Path) -> Messenger:
    return Messenger(keys, has_route=lambda: True, pauses=(0.01, 0.01))


def state(folder: Path):
    return wait_for(lambda: read_state(folder), "a state")


def test_what_was_delivered_is_noted(messenger, keys, tmp_path, web) -> None:
    messenger.send(FAILURE, tmp_path)

    noted = state(tmp_path)
    assert (noted.kind, noted.why) == ("failure", "")
    assert [(one.method, one.body) for one in web.asked] == [("POST", "a drill failed\n")]
    assert str(notification_facts(keys, tmp_path)["notified"]).startswith("failure 2")
    assert list(notification_warnings(keys, tmp_path)) == []


def test_it_is_tried_again(messenger, tmp_path, web) -> None:
    web.acts = [answer(503), answer(503)]

    messenger.send(HEARTBEAT, tmp_path)

    wait_for(lambda: state(tmp_path).why == "", "the third try")
    assert len(web.asked) == 3


def test_it_is_given_up_after_the_last_try(messenger, keys, tmp_path, web, caplog) -> None:
    web.acts = [answer(503)] * 3

    messenger.send(HEARTBEAT, tmp_path)

    wait_for(lambda: "given up" in caplog.text, "the end")
    assert len(web.asked) == 3
    (warning,) = notification_warnings(keys, tmp_path)
    assert f"{web.url} answers 503" in warning
    assert TOKEN not in caplog.text + warning


def test_a_newer_one_takes_the_place_of_what_could_not_be_delivered(keys, tmp_path, web) -> None:
    messenger = Messenger(keys, has_route=lambda: True, pauses=(3600.0,))
    web.acts = [answer(503)]
    messenger.send(FAILURE, tmp_path)
    wait_for(lambda: state(tmp_path).why, "the first try")

    messenger.send(HEARTBEAT, tmp_path)

    wait_for(lambda: state(tmp_path).kind == "heartbeat", "the newer one")
    assert [one.method for one in web.asked] == ["POST", "GET"]


def test_whoever_sends_does_not_wait_for_the_answer(messenger, tmp_path, web) -> None:
    over = threading.Event()
    web.acts = [lambda handler: (over.wait(), answer(200)(handler))]

    messenger.send(HEARTBEAT, tmp_path)

    assert read_state(tmp_path) is None
    over.set()
    assert state(tmp_path).why == ""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_one_that_was_its_end_is_not_the_last_one(keys, tmp_path, web) -> None:
    def broken() -> bool:
        raise MemoryError

    messenger = Messenger(keys, has_route=broken)
    messenger.send(FAILURE, tmp_path)
    wait_for(lambda: messenger._thread and not messenger._thread.is_alive(), "its end")

    messenger.has_route = lambda: True
    messenger.send(HEARTBEAT, tmp_path)

    assert state(tmp_path).kind == "heartbeat"


def test_without_a_way_out_nothing_is_tried_and_all_say_so(keys, tmp_path, web, caplog) -> None:
    messenger = Messenger(keys, has_route=lambda: False)
    messenger.send(HEARTBEAT, tmp_path)
    state(tmp_path)

    (warning,) = notification_warnings(keys, tmp_path)

    for text in (warning, caplog.text):
        assert "has no way out: nobody is notified" in text
        assert "-f deploy/docker-compose.backup-egress.yml" in text
    assert web.asked == []


def test_a_missing_way_out_is_said_at_the_start_and_forgotten_with_a_way(keys, tmp_path) -> None:
    Messenger(keys, has_route=lambda: False).check(tmp_path)
    before = list(notification_warnings(keys, tmp_path))

    Messenger(keys, has_route=lambda: True).check(tmp_path)

    assert (len(before), list(notification_warnings(keys, tmp_path))) == (1, [])


def test_the_start_names_the_host_and_nothing_more(messenger, tmp_path, web, caplog) -> None:
    caplog.set_level(logging.INFO)

    messenger.check(tmp_path)

    assert f"notifications go to {web.url}/…" in caplog.text
    assert TOKEN not in caplog.text


def test_nobody_is_notified_who_does_not_want_to_be(messenger, keys, tmp_path, web) -> None:
    (keys / ADDRESS_FILE).unlink()

    messenger.send(FAILURE, tmp_path)

    assert messenger._thread is None
    assert notification_facts(keys, tmp_path)["notifies"] == (
        "nobody: BACKUP_NOTIFY_URL is not set"
    )


def test_what_is_no_address_is_a_warning(keys, tmp_path) -> None:
    (keys / ADDRESS_FILE).write_text(f"hc.example/{TOKEN}\n")

    (warning,) = notification_warnings(keys, tmp_path)

    assert "BACKUP_NOTIFY_URL" in warning
    assert TOKEN not in warning
