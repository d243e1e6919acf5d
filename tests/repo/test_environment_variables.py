"""The example file, the page on configuration and what is really read name the same variables."""

import re

from backend.config.backup_settings import read_backup_settings
from backend.config.env import Env
from backend.config.settings import load_settings, read_render_database, read_settings
from tests.repo.checkout import files, read


def asked_for() -> set[str]:
    """Return every name that the settings code asks the environment for."""
    env = Env({})
    read_settings(env)
    read_render_database(env)
    read_backup_settings(env)
    return env.names


def secrets() -> set[str]:
    """Return the settings that may also come from a file."""
    return {name.removesuffix("_FILE") for name in asked_for() if name.endswith("_FILE")}


def read_by_the_app() -> set[str]:
    """Return the settings, each once, however it is brought."""
    return {name for name in asked_for() if not name.endswith("_FILE")}


def read_by_compose() -> set[str]:
    """Return the names that the compose files take from the operator."""
    text = "\n".join(read(name) for name in files("deploy/*.yml", "deploy/*.yaml"))
    substituted = re.findall(r"\$\{([A-Z][A-Z0-9_]*)", text)
    passed_on = re.findall(r"^ +([A-Z][A-Z0-9_]*):$", text, re.MULTILINE)
    return {*substituted, *passed_on}


def explained() -> set[str]:
    """Return the names in the example file."""
    return set(re.findall(r"^#?([A-Z][A-Z0-9_]*)=", read(".env.example"), re.MULTILINE))


def documented() -> set[str]:
    """Return the names in the tables of the page about configuration."""
    return set(
        re.findall(r"^\| `([A-Z][A-Z0-9_]*)` \|", read("docs/CONFIGURATION.md"), re.MULTILINE)
    )


def test_the_example_file_explains_exactly_what_is_read() -> None:
    assert explained() == read_by_the_app() | read_by_compose()


def test_the_page_about_configuration_lists_exactly_what_is_read() -> None:
    assert documented() == read_by_the_app() | read_by_compose()


def test_a_copy_of_the_example_file_changes_nothing() -> None:
    lines = read(".env.example").splitlines()

    assert [line for line in lines if line and not line.startswith("#")] == []


def test_every_variable_of_the_example_file_has_prose_above_it() -> None:
    blocks = read(".env.example").split("\n\n")

    with_variables = [block for block in blocks if re.search(r"^#[A-Z_]+=", block, re.MULTILINE)]

    assert [block for block in with_variables if not block.startswith("# ")] == []


def test_the_values_of_the_example_file_are_accepted() -> None:
    pairs = re.findall(r"^#([A-Z][A-Z0-9_]*)=(.*)$", read(".env.example"), re.MULTILINE)
    given = {name: value for name, value in pairs if name != "DATABASE_URL"}

    settings = load_settings(given | {"PG_PASSWORD": "invented"})

    assert str(settings.database) == "postgresql://hesap_paylas@127.0.0.1:5432/hesap_paylas"


def test_the_page_names_every_secret_that_a_file_can_bring() -> None:
    section = read("docs/CONFIGURATION.md").partition("### Secrets from files")[2]

    assert {name for name in secrets() if f"`{name}`" not in section.partition("###")[0]} == set()
