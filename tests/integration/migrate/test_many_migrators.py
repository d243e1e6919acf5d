"""Everybody may start a migrator: each revision is applied once, and none fails."""

import json
from collections import Counter

from tests.integration.migrate.conftest import url_of
from tests.integration.migrate.structure import records

MIGRATORS = 20


def test_twenty_at_once_on_an_empty_database(database_url, history, drive) -> None:
    history.add("expand", 2, 'op.add_column("groups", sa.Column("motto", sa.Text))')
    history.add("expand", 3, 'op.create_index("ix_groups_motto", "groups", ["motto"])')
    crowd = {"job": "at_once", "url": url_of(database_url), "number": MIGRATORS}

    ended = drive({**crowd, "dir": str(history.folder)})

    applied = [one["revision"] for child in ended for one in json.loads(child["answer"])["applied"]]
    assert [child["code"] for child in ended] == [0] * MIGRATORS
    assert Counter(applied) == {"expand_0001": 1, "expand_0002": 1, "expand_0003": 1}
    assert records(database_url) == (["expand_0003"], [(1, 3, 0)])
