"""The app's own file: backed up while it serves, restored while it does not."""

from collections.abc import Callable

import pytest
from flask import Flask

from backend.config.settings import Settings
from tests.actors import GroupOfTest
from tests.integration.backup.shop import Command

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_restore_waits_until_the_app_has_stopped_and_keeps_its_logins(
    app: Flask, flat: GroupOfTest, migrated: Settings, serve: Callable[[Settings], Flask]
) -> None:
    assert migrated.database.path
    command = Command(migrated.database.path)
    guest = flat.add_member()
    flat.add_order(guest)
    made = command.json("create")
    flat.add_order(guest)

    refused = command("restore", "--latest", "--yes")
    app.extensions["hesap_paylas_engines"].dispose()
    restored = command.json("restore", "--to", made["name"], "--yes")
    answer = (
        serve(migrated)
        .test_client()
        .get(f"{flat.path}/orders", headers={"Authorization": f"Bearer {flat.owner.token}"})
    )

    assert refused.returncode == 77, refused.stderr
    assert restored["backup"] == made["name"]
    assert len(answer.get_json()["items"]) == 1
    assert flat.balances() == {"Ayşe": "10.00", "Mehmet": "-10.00"}
