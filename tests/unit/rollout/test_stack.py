"""The names of a stack, out of what Compose says about it."""

from typing import Any

import pytest

from deploy.rollout.errors import ComposeConfigError
from deploy.rollout.route import Color
from deploy.rollout.stack import parse_stack

CONFIG: dict[str, Any] = {
    "name": "shop",
    "services": {
        "migrate": {"image": "shop:migrate"},
        "app-blue": {"image": "shop:blue"},
        "app-green": {"image": "shop:green"},
        "proxy": {
            "image": "shop-proxy:3.0",
            "ports": [{"host_ip": "127.0.0.1", "published": "9090", "target": 8080}],
        },
    },
}


def test_names_are_what_compose_says():
    stack = parse_stack(CONFIG)

    assert stack.project == "shop"
    assert stack.image_of(Color.GREEN) == "shop:green"
    assert stack.migrate_image == "shop:migrate"
    assert stack.address == "http://127.0.0.1:9090"


def test_a_release_is_a_tag_beside_the_colours():
    assert parse_stack(CONFIG).release("1.2.0-abcdef0123") == "shop:1.2.0-abcdef0123"


def test_a_registry_with_a_port_is_part_of_the_repository():
    services = {**CONFIG["services"], "migrate": {"image": "registry.example:5000/shop:migrate"}}

    stack = parse_stack({**CONFIG, "services": services})

    assert stack.release("v1") == "registry.example:5000/shop:v1"


@pytest.mark.parametrize(
    ("environment", "external"),
    [
        pytest.param({"PG_HOST": "db", "DATABASE_URL_FILE": None}, False, id="in parts"),
        pytest.param({"PG_HOST": "", "DATABASE_URL_FILE": "/run/url"}, True, id="by address"),
    ],
)
def test_a_database_that_is_found_by_address_is_somebody_elses(environment, external):
    blue = {"image": "shop:blue", "environment": environment}

    stack = parse_stack({**CONFIG, "services": {**CONFIG["services"], "app-blue": blue}})

    assert stack.external is external
    assert parse_stack(CONFIG).external is False


def test_a_compose_file_of_something_else_is_refused():
    with pytest.raises(ComposeConfigError, match="app-blue, app-green"):
        parse_stack(
            {"name": "x", "services": {"migrate": {"image": "a:b"}, "proxy": {"image": "c"}}}
        )
