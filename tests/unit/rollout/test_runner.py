"""Commands are run without a shell, with a limit, and nothing secret is shown."""

import sys

import pytest

from deploy.rollout.errors import CommandTimeoutError, StackUnavailableError
from deploy.rollout.runner import Result, Runner, redact


def test_output_and_exit_code_come_back_whatever_they_are():
    script = "import sys; print(sys.stdin.read()); sys.exit(7)"

    result = Runner().run((sys.executable, "-c", script), stdin="çay")

    assert (result.code, result.out.strip(), result.ok) == (7, "çay", False)


def test_a_command_that_does_not_end_is_stopped():
    with pytest.raises(CommandTimeoutError, match="did not end within"):
        Runner().run((sys.executable, "-c", "import time; time.sleep(60)"), timeout=0.2)


def test_a_missing_program_is_named():
    with pytest.raises(StackUnavailableError, match="no-such-program was not found"):
        Runner().run(("no-such-program", "ps"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://app:s3cret@db/x", "postgresql://app:***@db/x"),
        ("PG_PASSWORD=s3cret failed", "PG_PASSWORD=*** failed"),
        ("secret_key: 'a b c' is weak", "secret_key: *** is weak"),
        ("password authentication failed", "password authentication failed"),
    ],
)
def test_what_looks_like_a_secret_is_not_shown(text, shown):
    assert redact(text) == shown


def test_only_the_end_of_a_long_output_is_shown():
    said = Result(1, "\n".join(map(str, range(100))), "").said

    assert said.splitlines()[0] == "60"
    assert said.splitlines()[-1] == "99"
