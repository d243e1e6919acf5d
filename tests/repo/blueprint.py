"""The Blueprint, as tests read it."""

import json
from typing import Any

from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from tests.repo.checkout import read

Blueprint = dict[str, Any]  # Any: YAML


def load_blueprint() -> Blueprint:
    """Return what render.yaml says."""
    loaded: Blueprint = YAML(typ="safe", pure=True).load(read("render.yaml"))
    return loaded


def guide_says(heading: str) -> Blueprint:
    """Return the lines for render.yaml that the guide shows under a heading."""
    section = read("docs/RENDER_DEPLOYMENT.md").partition(f"# {heading}\n")[2].partition("\n#")[0]
    shown: Blueprint = YAML(typ="safe", pure=True).load(
        section.partition("```yaml\n")[2].partition("```")[0]
    )
    return shown


def mistakes(blueprint: Blueprint) -> list[str]:
    """Describe what Render would not accept, or would do harm with."""
    schema = json.loads(read("tests/repo/render.schema.json"))
    Draft202012Validator.check_schema(schema)
    errors = Draft202012Validator(schema).iter_errors(blueprint)
    return [f"{error.json_path}: {error.message}" for error in errors]


def environment(blueprint: Blueprint) -> dict[str, str]:
    """Return what the web service is given, with what Render adds, as Render writes it."""
    made = {
        "fromDatabase": "postgresql://hesap_paylas:invented@dpg-abc0123-a/hesap_paylas",
        "generateValue": "0aVwZ9Rk3qJm7Xb1Tn5Yc8Ld2Gh6Ps4Ue0Fi7Ko3Bw=",
    }
    given = {"PORT": "10000", "RENDER_EXTERNAL_URL": "https://hesap-paylas.onrender.com"}
    for variable in blueprint["services"][0]["envVars"]:
        [how] = variable.keys() - {"key"}
        given[variable["key"]] = variable["value"] if how == "value" else made[how]
    return given
