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
        if rule.rule.startswith("/api/") and rule.rule != "/api/openapi.json"
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


def operations(document):
    for path, each in document["paths"].items():
        for method, operation in each.items():
            if method != "parameters":
                yield f"{method} {path}", operation


def test_every_operation_has_a_name_of_its_own(document):
    names = [operation["operationId"] for _, operation in operations(document)]

    assert len(set(names)) == len(names)
    assert {"add_order", "list_groups", "login", "live"} <= set(names)


def test_what_acts_through_a_cookie_names_the_token_that_it_needs(document):
    named = {
        name
        for name, operation in operations(document)
        if "X-CSRF-Token" in [one.get("name") for one in operation.get("parameters", [])]
    }

    assert named == {
        name
        for name, operation in operations(document)
        if not name.startswith("get") and operation.get("security") != []
    }


def test_failures_that_a_client_must_know_are_named(document):
    answers = {name: set(operation["responses"]) for name, operation in operations(document)}

    assert all(
        "401" in answers[name]
        for name in answers
        if "/auth/signup" not in name and "/api/v1" in name
    )
    assert all("404" in answers[name] for name in answers if "{" in name)
    with_body = [name for name in answers if name.startswith(("post", "patch"))]
    for name in with_body:
        named = {"400", "409", "413", "415", "422"} <= answers[name]
        assert named or name.endswith("/logout"), name
    assert answers["get /api/ready"] == {"200", "503", "default"}


def test_headers_that_lead_on_are_named(document):
    found = {
        name: {
            header
            for status, answer in operation["responses"].items()
            if status.startswith("2")
            for header in answer.get("headers", {})
        }
        for name, operation in operations(document)
    }

    assert all("X-Request-ID" in headers for headers in found.values())
    assert "Link" in found["get /api/v1/groups"]
    assert {"Location", "Idempotent-Replayed"} <= found["post /api/v1/groups/{group_id}/orders"]
    assert "X-CSRF-Token" in found["get /api/v1/me"]
    unauthorized = document["components"]["responses"]["UNAUTHORIZED"]
    assert "WWW-Authenticate" in unauthorized["headers"]
    unavailable = document["components"]["responses"]["SERVICE_UNAVAILABLE"]
    assert "Retry-After" in unavailable["headers"]


@pytest.mark.parametrize(
    ("split", "fits"),
    [
        ({"mode": "equal", "members": ["018f47df-cbbb-745b-b480-f62beb6a7811"]}, True),
        ({"mode": "equal", "members": []}, False),
        ({"mode": "equal", "shares": []}, False),
        ({"mode": "exact", "members": ["018f47df-cbbb-745b-b480-f62beb6a7811"]}, False),
        (
            {
                "mode": "exact",
                "shares": [{"member_id": "018f47df-cbbb-745b-b480-f62beb6a7811", "amount": "1.00"}],
            },
            True,
        ),
    ],
)
def test_a_split_is_described_as_one_of_two(document, split, fits):
    described = document["components"]["schemas"]["OrderInput"]["properties"]["split"]

    assert OAS31Validator({**document, **described}).is_valid(split) is fits


def test_texts_have_the_lengths_that_are_enforced(document, flat):
    schemas = document["components"]["schemas"]
    longest = {
        "title": schemas["OrderInput"]["properties"]["title"]["maxLength"],
        "note": schemas["OrderInput"]["properties"]["note"]["maxLength"],
    }

    for name, length in longest.items():
        fits = flat.owner.post(f"{flat.path}/orders", flat.order(**{name: "x" * length}))
        too_long = flat.owner.post(f"{flat.path}/orders", flat.order(**{name: "x" * (length + 1)}))

        assert (fits.status_code, too_long.status_code) == (201, 422)


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
