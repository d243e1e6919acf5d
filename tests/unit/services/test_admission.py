"""A flood stands in its own way: who has tried least comes first, and the rest is told at once."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from backend.services import admission
from backend.services.admission import Admission, Origin
from backend.services.errors import TooBusy
from backend.services.password_slots import Slots
from backend.services.throttles import Failures
from tests.polling import PATIENCE, wait_for

FLOOD = [Origin("203.0.113.0/24", f"account {number}") for number in range(50)]
HONEST = Origin("198.51.100.0/24", "ayse")
HOME = Origin("198.51.100.128/25", "mehmet")
NONE = Failures(of_network=0, own=0)
ONE = Failures(of_network=1, own=1)
CAPACITY = 4


class Queue:
    """An admission whose only slot is taken, and those who come to it."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self.pool = pool
        self.slots = Slots(1)
        self.admission = Admission(
            self.slots, capacity=CAPACITY, find_homes=lambda: {"198.51.100.128/25"}
        )
        self.served: list[Origin] = []
        self.slots.take()

    def come(self, origin: Origin, failures: Failures = NONE) -> Future[None]:
        """Let somebody come, and return once they wait or are sent away."""
        before = self.admission._number
        future = self.pool.submit(self._be_served, origin, failures)
        wait_for(lambda: self.admission._number > before, "them to come", every=0.001)
        return future

    def go_on(self) -> None:
        """Free the slot."""
        self.slots.give_back(0)

    def _be_served(self, origin: Origin, failures: Failures) -> None:
        with self.admission.turn(origin, failures):
            self.served.append(origin)


@pytest.fixture
def queue(monkeypatch):
    monkeypatch.setattr(admission, "WAIT_SECONDS", PATIENCE)
    with ThreadPoolExecutor(64) as pool:
        made = Queue(pool)
        yield made
        if 0 not in made.slots._taken:
            return
        made.go_on()


def test_more_than_can_wait_are_refused_at_once_and_told_when_to_come_back(queue) -> None:
    comers = [queue.come(origin) for origin in FLOOD[: CAPACITY + 3]]

    refused = [future.exception(timeout=PATIENCE) for future in comers[CAPACITY:]]
    queue.go_on()
    served = [future.result(timeout=PATIENCE) for future in comers[:CAPACITY]]

    assert [type(error) for error in refused] == [TooBusy] * 3
    assert {error.seconds for error in refused} == {3}
    assert len(served) == CAPACITY


def test_a_login_from_elsewhere_takes_the_place_of_a_flood_and_comes_first(queue) -> None:
    flood = [queue.come(origin) for origin in FLOOD[:CAPACITY]]

    honest = queue.come(HONEST)
    refused = flood[-1].exception(timeout=PATIENCE)
    queue.go_on()
    honest.result(timeout=PATIENCE)
    wait_for(lambda: len(queue.served) == CAPACITY, "all to be served", every=0.001)

    assert isinstance(refused, TooBusy)
    assert queue.served[0] == HONEST


def test_of_many_networks_that_of_a_latecomer_comes_first(queue) -> None:
    flood = [queue.come(Origin(f"192.0.2.{number}/24", "a")) for number in range(CAPACITY + 3)]

    honest = queue.come(HONEST)
    queue.go_on()
    honest.result(timeout=PATIENCE)

    assert [type(future.exception(timeout=PATIENCE)) for future in flood[:4]] == [TooBusy] * 4
    assert queue.served[0] == HONEST


def test_where_somebody_is_at_home_comes_before_strange_networks(queue) -> None:
    home = queue.come(HOME)
    flood = [queue.come(Origin(f"192.0.2.{number}/24", "a")) for number in range(CAPACITY + 3)]

    queue.go_on()
    home.result(timeout=PATIENCE)

    assert queue.served[0] == HOME
    assert [type(future.exception(timeout=PATIENCE)) for future in flood[:4]] == [TooBusy] * 4


def test_networks_that_have_failed_come_after_those_that_have_not(queue) -> None:
    failed = [Origin(f"192.0.2.{number}/24", "a") for number in range(CAPACITY)]
    flood = [queue.come(origin, ONE) for origin in failed]

    honest = queue.come(HONEST)
    queue.go_on()
    honest.result(timeout=PATIENCE)

    assert queue.served[0] == HONEST
    assert any(isinstance(future.exception(timeout=PATIENCE), TooBusy) for future in flood)


def test_a_home_from_which_somebody_has_failed_comes_after_a_strange_network(queue) -> None:
    home = queue.come(HOME, ONE)

    honest = queue.come(HONEST)
    queue.go_on()
    home.result(timeout=PATIENCE)
    honest.result(timeout=PATIENCE)

    assert queue.served == [HONEST, HOME]


def test_where_all_have_one_address_the_account_that_has_failed_least_comes_first(queue) -> None:
    guessed = [queue.come(Origin(None, "mehmet"), ONE) for _ in range(CAPACITY)]

    honest = queue.come(Origin(None, "ayse"))
    guessed[-1].exception(timeout=PATIENCE)
    queue.go_on()
    honest.result(timeout=PATIENCE)

    assert queue.served[0] == Origin(None, "ayse")


def test_what_is_remembered_has_a_bound(monkeypatch) -> None:
    monkeypatch.setattr(admission, "MOST_REMEMBERED", 10)
    appearances = admission._Appearances()

    for number in range(100):
        appearances.note(f"network {number}", number)

    assert len(appearances._now) + len(appearances._before) <= 2 * (10 + 2)
    assert appearances.of("network 99") == 99
    assert appearances.of("network 0") == 0


def test_nobody_waits_for_ever(queue, monkeypatch) -> None:
    monkeypatch.setattr(admission, "WAIT_SECONDS", 0.0)

    with pytest.raises(TooBusy):
        queue.come(HONEST).result(timeout=PATIENCE)


def test_an_error_inside_a_turn_gives_the_place_back(queue) -> None:
    queue.go_on()

    for _ in range(CAPACITY + 1):
        with pytest.raises(ZeroDivisionError), queue.admission.turn(HONEST, NONE):
            raise ZeroDivisionError

    assert queue.slots.take() == 0
    queue.slots.give_back(0)


def test_whoever_fails_to_get_a_place_is_in_nobodys_way(queue, monkeypatch) -> None:
    def no_more_locks() -> None:
        raise OSError("no locks available")

    queue.go_on()
    with monkeypatch.context() as broken:
        broken.setattr(queue.slots, "take", no_more_locks)
        with pytest.raises(OSError, match="no locks"):
            queue.come(HOME).result(timeout=PATIENCE)

    for origin in FLOOD[:CAPACITY]:
        queue.come(origin).result(timeout=PATIENCE)

    assert queue.served == FLOOD[:CAPACITY]


def test_no_more_than_the_slots_allow_compute_at_once(queue) -> None:
    queue.go_on()
    inside, most = threading.Semaphore(0), []

    def compute(origin: Origin) -> None:
        with queue.admission.turn(origin, NONE):
            inside.release()
            most.append(inside._value)
            inside.acquire()

    list(queue.pool.map(compute, FLOOD[:CAPACITY]))

    assert most == [1] * CAPACITY
