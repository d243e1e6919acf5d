"""The app's schema is known by its tables, without the models that make them."""

import subprocess
import sys

import backend.models  # noqa: F401 - fills the metadata
from backend.db.base import Base
from backend.transfer.app_schema import APP_TABLES, BOOKKEEPING, is_app_schema


def test_they_are_the_tables_of_the_models() -> None:
    assert Base.metadata.tables.keys() - BOOKKEEPING == APP_TABLES


def test_another_app_is_not_taken_for_ours() -> None:
    assert is_app_schema({*APP_TABLES, "one_more"})
    assert not is_app_schema({"users", "orders"})


def test_the_command_is_there_before_sqlalchemy_and_alembic_are() -> None:
    code = "import sys, backend.transfer.cli; print({'sqlalchemy', 'alembic'} & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "set()\n"
