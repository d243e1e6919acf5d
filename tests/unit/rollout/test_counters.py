"""The proxy's counters: whose request it is, and who is up."""

import pytest

from deploy.rollout.counters import CounterRow, Counters, Served, parse_counters
from deploy.rollout.route import Color

STAT = """\
# pxname,svname,qcur,scur,status,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,
web,FRONTEND,,9,OPEN,0,700,0,0,9,0,
blue_none,blue,0,1,UP,0,100,3,4,0,0,
blue_none,blue-anyway,0,2,no check,0,0,0,0,0,0,
blue_none,BACKEND,2,3,UP,0,100,3,4,1,0,
green_none,green,0,0,DOWN 1/1,0,0,0,0,0,0,
green_none,BACKEND,0,0,DOWN,0,0,0,0,0,0,
blue_green,blue,1,4,UP,0,50,0,0,2,0,
blue_green,green,0,5,UP,0,7,0,0,0,0,
blue_green,BACKEND,0,9,UP,0,57,0,0,2,0,
"""
STATE = """\
1
# be_id be_name srv_id srv_name srv_addr srv_op_state
3 blue_none 1 blue 172.18.0.2 2 0 1 1
3 blue_none 2 blue-anyway 172.18.0.2 2 0 1 1
4 green_none 1 green 172.18.0.3 2 0 1 1
5 blue_green 1 blue 172.18.0.2 2 0 1 1
5 blue_green 2 green 172.18.0.9 2 0 1 1
"""


@pytest.fixture
def counters() -> Counters:
    return parse_counters(STAT, STATE)


def test_requests_in_a_colour_are_counted_wherever_it_stands(counters):
    # 1 and 2 running as blue_none, 4 running and 1 queued as blue_green, 2 waiting for any blue.
    assert counters.in_flight(Color.BLUE) == 10


def test_requests_that_fail_over_to_the_spare_count_for_the_spare(counters):
    assert counters.in_flight(Color.GREEN) == 5


def test_errors_that_the_proxy_itself_answered_count_for_the_live_colour(counters):
    assert counters.served(Color.BLUE) == Served(answers=108 + 59, errors=3)


def test_a_colour_is_up_when_every_backend_finds_it_up(counters):
    assert counters.health(Color.BLUE) == "UP"
    assert counters.health(Color.GREEN) == "DOWN 1/1"


def test_an_address_is_known_only_when_every_backend_has_it(counters):
    assert counters.knows(Color.BLUE, "172.18.0.2")
    assert not counters.knows(Color.GREEN, "172.18.0.9")


def test_nothing_is_known_of_a_proxy_that_says_nothing():
    silent = parse_counters("", "")

    assert silent.rows == ()
    assert silent.health(Color.BLUE) == "unknown"
    assert silent.in_flight(Color.BLUE) == 0


def test_a_restarted_proxy_counts_from_nothing():
    assert Served(10, 1).since(Served(500, 3)) == Served(10, 1)
    assert Served(510, 4).since(Served(500, 3)) == Served(10, 1)


def test_a_row_knows_whether_it_sums_up_its_backend():
    row = CounterRow("blue_none", "BACKEND", "UP", 0, 0, 0, 0)

    assert row.is_total
