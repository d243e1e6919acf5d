"""Whatever goes wrong under /api is a problem document, and says nothing that is ours to know."""

import pytest
from sqlalchemy.exc import OperationalError

PATH = "/api/v1/groups"


def problem(answer, status: int) -> dict[str, object]:
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    document: dict[str, object] = answer.get_json()
    assert document["status"] == status
    assert document["instance"] == answer.headers["X-Request-ID"]
    return document


def test_http_errors_are_problem_documents(ayse):
    huge = b'{"name": "' + b"x" * 2_000_000 + b'"}'
    json = {"Content-Type": "application/json"}

    problem(ayse.get("/api/v1/nothing"), 404)
    problem(ayse.get("/api/nothing"), 404)
    assert ayse.call("PUT", PATH).headers["Allow"]
    problem(ayse.call("PUT", PATH), 405)
    problem(ayse.call("POST", PATH, data=huge, headers=json), 413)
    problem(ayse.call("POST", PATH, data="name=x"), 415)
    problem(ayse.get("/api/v1/groups/not-an-id"), 404)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"{", id="cut off"),
        pytest.param(b"[" * 100_000, id="nested too deep"),
        pytest.param(b'{"name": ' + b"9" * 5000 + b"}", id="endless number"),
        pytest.param(b'{"name": "\xff"}', id="not UTF-8"),
        pytest.param(b"", id="empty"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'{"name": NaN, "currency": Infinity}', id="numbers that JSON has not"),
        pytest.param(b'{"name": {"$ne": 1}, "currency": []}', id="shapes for strings"),
        pytest.param(b'{"name": "x\' OR 1=1 --", "currency": "TR\'"}', id="quotes"),
    ],
)
def test_no_body_makes_it_fall_over(ayse, body):
    answer = ayse.call("POST", PATH, data=body, headers={"Content-Type": "application/json"})

    assert answer.status_code in {400, 422}
    problem(answer, answer.status_code)


def test_a_database_that_is_gone_is_a_503_with_retry_after(ayse, monkeypatch):
    from backend.services import groups

    def gone(*_: object) -> None:
        import psycopg

        raise OperationalError("SELECT secret", {}, psycopg.OperationalError("host=db password=x"))

    monkeypatch.setattr(groups, "page_of", gone)

    answer = ayse.get(PATH)

    assert "secret" not in str(problem(answer, 503))
    assert "password" not in answer.get_data(as_text=True)
    assert int(answer.headers["Retry-After"]) > 0


def test_a_mistake_of_ours_is_a_500_without_its_text(ayse, monkeypatch):
    from backend.services import groups

    def mistake(*_: object) -> None:
        raise RuntimeError("a detail that is only ours")

    monkeypatch.setattr(groups, "page_of", mistake)

    answer = ayse.get(PATH)

    assert "only ours" not in str(problem(answer, 500))
