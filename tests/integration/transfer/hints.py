"""Do what each refusal of a transfer says, until there is none."""

import json
import re

ROWS = [(1, "x"), (2, "y")]
# What is named is a statement to run, or flags to add.
STATEMENT = re.compile(r"(?:GRANT|ALTER TABLE|ALTER ROLE) .+?(?= for the transfer|, or |$)")
FLAGS = re.compile(r"--[a-z][a-z-]*")
MOST = 4


def ways_out(obstacle):
    """Return what stands in the brackets at the end."""
    return obstacle[obstacle.rindex(" (") + 2 : -1]


def walk(move, *flags, user=None):
    """Do what each refusal says until there is none; return the last run and the flags by then."""
    words = list(flags)
    for _ in range(MOST):
        planned = move(*words, "--dry-run", "--json", login=user)
        checked = move(*words, "--check", "--json", login=user)
        found = json.loads(planned.out)["obstacles"]
        ran = move(*words, "--json", login=user)
        if not found:
            # A check alone may want to read what the references point to.
            assert checked.code == 0 or "permission denied" in checked.err
            return ran, words
        assert json.loads(checked.out)["obstacles"] == found
        assert (planned.code, checked.code, ran.code) == (77, 77, 77)
        assert "; ".join(found) in ran.err
        words = [*flags, *follow(move, found)]
    raise AssertionError(f"no way out of {found}")


def follow(move, found):
    """Do what stands there first."""
    flags = []
    for way_out in map(ways_out, found):
        statement = STATEMENT.search(way_out)
        if statement:
            move.prepare(statement[0])
        else:
            first, _, _ = way_out.partition(" or ")
            flags += FLAGS.findall(first)
    return dict.fromkeys(flags)
