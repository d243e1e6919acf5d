"""Everybody may start a migrator: each revision is applied once, and none fails."""

import json
from collections import Counter

from tests.integration.migrate.conftest import SHIPPED, step, url_of
from tests.integration.migrate.structure import records

MIGRATORS = 20


def test_twenty_at_once_on_an_empty_database(database_url, history, drive) -> None:
    history.add("expand", SHIPPED + 1, 'op.add_column("groups", sa.Column("motto", sa.Text))')
    history.add("expand", SHIPPED + 2, 'op.create_index("ix_groups_motto", "groups", ["motto"])')
    crowd = {"job": "at_once", "url": url_of(database_url), "number": MIGRATORS}

    ended = drive({**crowd, "dir": str(history.folder)})

    applied = [one["revision"] for child in ended for one in json.loads(child["answer"])["applied"]]
    assert [child["code"] for child in ended] == [0] * MIGRATORS
    assert Counter(applied) == dict.fromkeys(["expand_0001", step(0), step(1), step(2)], 1)
    assert records(database_url) == ([step(2)], [(1, SHIPPED + 2, 0)])
