"""The process dies while an order is added: sending it again gives one order, whenever it died."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live_server import SECRET_KEY, environment_for

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("moment", "replayed"),
    [
        pytest.param("before the commit", None, id="before the commit"),
        pytest.param("after the commit", "true", id="after the commit"),
    ],
)
def test_an_order_whose_reply_was_lost_can_be_sent_again(migrated, flat, moment, replayed):
    path, body = f"{flat.path}/orders", flat.order()
    headers = {"Authorization": f"Bearer {flat.owner.token}", "Idempotency-Key": "k"}
    request = {"moment": moment, "path": path, "body": body, "headers": headers}

    crashed = subprocess.run(
        [sys.executable, "-m", "tests.integration.crash_driver"],
        check=False,
        cwd=ROOT,
        input=json.dumps(request).encode(),
        env={
            "PATH": os.environ["PATH"],
            "SECRET_KEY": SECRET_KEY,
            **environment_for(migrated.database),
        },
        capture_output=True,
    )
    again = flat.owner.post(path, body, key="k")

    assert crashed.returncode == -signal.SIGKILL, crashed.stderr.decode()
    assert again.status_code == 201
    assert again.headers.get("Idempotent-Replayed") == replayed
    listed = flat.owner.get(path).get_json()["items"]
    assert [order["id"] for order in listed] == [again.get_json()["id"]]
