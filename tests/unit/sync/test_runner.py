"""The error that ends a run names what the run has committed."""

from pathlib import Path

import pytest

from backend.capture.unfit_rows import UnfitValueError
from backend.config.database_url import DatabaseUrl
from backend.sync.options import Direction, Endpoints
from backend.sync.result import SyncResult, TableCount
from backend.sync.runner import CommittedTries


def test_an_error_that_is_not_made_of_a_message_names_it_too() -> None:
    here, there = (DatabaseUrl("sqlite", path=Path(f"/srv/{name}.db")) for name in ("a", "b"))
    committed = CommittedTries(Endpoints(here, there))
    result = SyncResult(Direction.LOCAL_TO_RENDER, dry_run=False, first=False)
    result.tables["users"] = TableCount(inserted=1)
    committed.after(())(result)

    with pytest.raises(UnfitValueError) as caught, committed.reported():
        raise UnfitValueError("users 1", "email does not hold a text")

    said = caught.value.args[0]
    assert said.startswith("users 1: email does not hold a text; 1 row was committed to")
    assert "mend the row" in caught.value.hint
