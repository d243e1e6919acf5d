"""Slots are shared by all processes that were forked after they were made."""

import os
import signal

import pytest

from backend.services.password_slots import Slots

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")


def test_no_more_are_taken_than_there_are() -> None:
    slots = Slots(2)

    taken = [slots.take(), slots.take(), slots.take()]

    assert taken == [0, 1, None]


def test_a_slot_can_be_taken_again_once_it_was_given_back() -> None:
    slots = Slots(1)

    taken = slots.take()
    assert taken is not None
    slots.give_back(taken)

    assert slots.take() == 0


def test_what_one_process_holds_no_other_can_take() -> None:
    slots = Slots(1)
    slots.take()

    refused = _in_a_child(slots)
    slots.give_back(0)
    taken = _in_a_child(slots)

    assert (refused, taken) == (False, True)


def test_a_killed_process_gives_back_what_it_held() -> None:
    slots = Slots(1)
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        slots.take()
        os.write(theirs, b"taken")
        signal.pause()
    os.read(ours, 5)
    while_alive = slots.take()

    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)

    assert while_alive is None
    assert slots.take() == 0


def _in_a_child(slots: Slots) -> bool:
    child = os.fork()
    if not child:
        os._exit(0 if slots.take() is not None else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
