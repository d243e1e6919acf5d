"""What a service has logged, as the tool shows it."""

import json

from deploy.rollout.log_lines import readable

TRACE = "\n".join([*(f"  frame {number}" for number in range(9)), "RuntimeError: broken"])


def record(**fields):
    return json.dumps({"ts": "2026-11-24T17:27:24.065+00:00", "logger": "x", **fields})


def test_a_record_becomes_a_short_line() -> None:
    line = record(level="info", message="request", status=500, user_id=None, color="blue")

    assert readable(line) == "17:27:24 info    request status=500"


def test_of_a_traceback_the_end_is_shown_and_only_once() -> None:
    line = record(level="error", message="Exception in worker", exception=TRACE)

    shown = readable(f"{line}\n{line}").splitlines()

    assert shown[1:7] == [*(f"      frame {n}" for n in range(4, 9)), "    RuntimeError: broken"]
    assert shown[7:] == ["17:27:24 error   Exception in worker"]


def test_what_is_no_record_stays_as_it_is_without_the_terminals_codes() -> None:
    assert readable("\x1b[2Kpanic: {no json\n[1]") == "panic: {no json\n[1]"
