"""A draft holds what sets the models apart from a database that is up to date."""

from tests.integration.migrate.conftest import SHIPPED, step
from tests.integration.migrate.structure import execute

FORGET = "DROP INDEX ix_user_sessions_user_id", "ALTER TABLE groups DROP COLUMN deleted_at"


def test_a_draft_leads_to_the_models(database_url, history, migrate) -> None:
    migrate(database_url)
    execute(database_url, *FORGET)

    written = migrate(database_url, "--dir", history.folder, "--draft", "Remember what was deleted")
    applied = migrate(database_url, "--dir", history.folder)
    checked = migrate(database_url, "--dir", history.folder, "--check")

    path = history.folder / "expand" / f"{SHIPPED + 1:04}_remember_what_was_deleted.py"
    assert [written.code, applied.code, checked.code] == [0, 0, 0]
    assert str(path) in written.out
    assert '"""Remember what was deleted."""' in path.read_text()
    assert "sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True)" in path.read_text()


def test_a_draft_of_contract_comes_after_all_of_expand(database_url, history, migrate) -> None:
    migrate(database_url)
    execute(database_url, "ALTER TABLE groups ADD COLUMN motto TEXT")
    words = ("--dir", history.folder, "--phase", "contract")

    drafted = migrate(database_url, *words, "--draft", "Drop the motto")
    contracted = migrate(database_url, *words)
    checked = migrate(database_url, *words, "--check")

    text = (history.folder / "contract" / "0001_drop_the_motto.py").read_text()
    assert [drafted.code, contracted.code, checked.code] == [0, 0, 0]
    assert "revision = 'contract_0001'" in text
    assert f"depends_on = '{step(0)}'" in text


def test_nothing_is_drafted_while_something_is_pending(database_url, history, migrate) -> None:
    ran = migrate(database_url, "--dir", history.folder, "--draft", "Too early")

    assert ran.code == 3
    assert "the database is not where this history ends" in ran.err
    assert len([*(history.folder / "expand").glob("*.py")]) == SHIPPED
