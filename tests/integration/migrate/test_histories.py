"""Both histories lead to exactly what the models say."""

from backend.db.base import Base
from backend.migrate import upgrade
from tests.integration.migrate.conftest import SHIPPED, SHIPPED_STEPS, step
from tests.integration.migrate.structure import connected, records, structure


def test_the_history_reaches_the_models_exactly(database_url, postgres, sqlite) -> None:
    upgrade(database_url)

    by_models = postgres if database_url.engine == "postgres" else sqlite
    by_models.path and by_models.path.parent.mkdir()
    with connected(by_models) as connection:
        Base.metadata.create_all(connection)
        connection.commit()
    assert structure(database_url) == structure(by_models)


def test_both_engines_end_with_the_same_tables(postgres, sqlite) -> None:
    upgrade(postgres)
    upgrade(sqlite)

    assert _shape(postgres) == _shape(sqlite)


def test_the_levels_are_noted_with_the_revision(database_url) -> None:
    outcome = upgrade(database_url)

    assert [one.revision.id for one in outcome.applied] == SHIPPED_STEPS
    assert records(database_url) == ([step(0)], [(1, SHIPPED, 0)])


def test_running_it_again_does_nothing(database_url) -> None:
    upgrade(database_url)

    outcome = upgrade(database_url)

    assert outcome.applied == ()
    assert records(database_url) == ([step(0)], [(1, SHIPPED, 0)])


def _shape(database):
    """Leave out what the engines are meant to say differently: types, and the text of a check."""
    return {
        name: {
            **table,
            "columns": {column: facts[1:] for column, facts in table["columns"].items()},
            "checks": {check for check, _ in table["checks"]},
        }
        for name, table in structure(database).items()
    }


def test_what_the_migrator_makes_belongs_to_the_role_it_takes(postgres, postgres_server) -> None:
    name = postgres.params["dbname"]
    owner, login = f"owner_{name}", f"login_{name}"
    postgres_server.execute(
        f"CREATE ROLE {owner} NOLOGIN",
        f"CREATE ROLE {login} LOGIN PASSWORD 'invented' IN ROLE {owner}",
        f"ALTER ROLE {login} SET role = {owner}",
        f"ALTER DATABASE {name} OWNER TO {owner}",
    )

    upgrade(postgres.with_login(login, "invented"))

    with connected(postgres) as connection:
        owners = connection.exec_driver_sql(
            "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
        ).scalars()
        assert list(owners) == [owner]
    postgres_server.drop_database(postgres)
    postgres_server.execute(f"DROP ROLE {login}", f"DROP ROLE {owner}")
