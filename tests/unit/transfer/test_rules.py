"""The app's schema is known by its tables, without the models that make them."""

import subprocess
import sys

import backend.models  # noqa: F401 - fills the metadata
from backend.db.base import Base
from backend.transfer.rules import BOOKKEEPING, OURS, is_ours


def test_they_are_the_tables_of_the_models() -> None:
    assert Base.metadata.tables.keys() - BOOKKEEPING == OURS


def test_another_app_is_not_taken_for_ours() -> None:
    assert is_ours({*OURS, "one_more"})
    assert not is_ours({"users", "orders"})


def test_the_command_is_there_before_sqlalchemy_and_alembic_are() -> None:
    code = "import sys, backend.transfer.cli; print({'sqlalchemy', 'alembic'} & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "set()\n"
