"""What the OpenAPI document says is what the API does."""

import re
from http import HTTPStatus

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def document(client):
    return client.get("/api/openapi.json").get_json()


def test_the_document_is_valid(document):
    validate(document)


def test_every_route_is_in_it(app, document):
    routes = {
        re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1")
    }

    assert set(document["paths"]) == routes


def test_every_post_of_an_account_can_be_sent_once(document):
    posts = {path: each["post"] for path, each in document["paths"].items() if "post" in each}
    named = {
        path
        for path, post in posts.items()
        if "Idempotency-Key" in [parameter.get("name") for parameter in post.get("parameters", [])]
    }

    assert {path for path in posts if "/auth/" not in path} == named


def test_errors_are_documented_as_problems(document):
    answers = document["components"]["responses"]

    assert set(answers["DEFAULT_ERROR"]["content"]) == {"application/problem+json"}
    # Named after Python's own word for 422, which another one took the place of in 3.13.
    assert set(answers[HTTPStatus(422).name]["content"]) == {"application/problem+json"}


def test_replies_have_the_shape_that_it_promises(document, flat):
    mehmet = flat.add_member("Mehmet")
    order = flat.add_order(flat.me, mehmet)
    payment = {
        "from_member_id": mehmet,
        "to_member_id": flat.me,
        "currency": "TRY",
        "amount": "1.00",
        "paid_on": "2026-11-22",
    }
    settlement = flat.owner.post(f"{flat.path}/settlements", payment).get_json()
    get = flat.owner.get
    replies = {
        "Order": order,
        "OrderPage": get(f"{flat.path}/orders").get_json(),
        "Group": get(flat.path).get_json(),
        "GroupPage": get("/api/v1/groups").get_json(),
        "MemberPage": get(f"{flat.path}/members").get_json(),
        "Balances": get(f"{flat.path}/balances").get_json(),
        "Settlement": settlement,
        "SettlementPage": get(f"{flat.path}/settlements").get_json(),
        "TokenPage": get("/api/v1/tokens").get_json(),
        "NewToken": flat.owner.post("/api/v1/tokens", {"name": "x"}).get_json(),
        "Person": get("/api/v1/me").get_json(),
        "Problem": get("/api/v1/nothing").get_json(),
    }

    for name, reply in replies.items():
        schema = {**document, "$ref": f"#/components/schemas/{name}"}
        OAS31Validator(schema).validate(reply)
        described = document["components"]["schemas"][name]["properties"]
        assert set(reply) <= set(described), name
