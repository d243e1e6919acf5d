"""What gunicorn refuses before the app sees it is a problem document too."""

import pytest

from backend.migrate import upgrade
from tests.live_server import serve


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        pytest.param("/api/v1/groups?cursor=" + "x" * 9000, {}, 414, id="address"),
        pytest.param("/api/v1/groups", {"X-Long": "x" * 9000}, 431, id="header"),
    ],
)
def test_what_is_too_long_to_read_is_a_problem_document(
    database_url, tmp_path, path, headers, status
):
    upgrade(database_url)

    with serve(database_url, tmp_path, WEB_WORKERS="1") as server:
        answer = server.get(path, headers)

    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["status"] == status
    assert answer.json["instance"] == answer.headers["x-request-id"]
