"""The tables in which frameworks record their migrations, recognised by their columns.

Where other tables could have such columns, the name is asked for too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class MigrationTableFormat:
    """One framework's table.

    `entry` are the columns that name one migration; without any there is nothing to compare. With
    `is_value` the table holds where the schema stands, else a list of what has been applied.
    `others` are further columns that it must have, `rest` those that it may have; None: any.
    """

    entry: tuple[str, ...]
    others: frozenset[str] = frozenset()
    rest: frozenset[str] | None = frozenset()
    names: frozenset[str] = frozenset()
    is_value: bool = False

    def fits(self, name: str, columns: frozenset[str]) -> bool:
        """Tell whether a table has this format."""
        needed = {*self.entry, *self.others}
        if (self.names and name not in self.names) or not columns >= needed:
            return False
        return self.rest is None or columns <= needed | self.rest


def format_of(name: str, columns: Iterable[str]) -> MigrationTableFormat | None:
    """Return the format of a table in which a framework records its migrations."""
    known, folded = name.casefold(), frozenset(column.casefold() for column in columns)
    return next((one for one in _FORMATS if one.fits(known, folded)), None)


def _of(
    entry: str,
    others: str = "",
    *,
    named: str = "",
    rest: str | None = "",
    is_value: bool = False,
) -> MigrationTableFormat:
    return MigrationTableFormat(
        tuple(entry.split()),
        frozenset(others.split()),
        None if rest is None else frozenset(rest.split()),
        frozenset(named.split()),
        is_value,
    )


_FORMATS = (
    # Alembic, by whatever name.
    _of("version_num", is_value=True),
    # Django
    _of("app name", "id applied"),
    # Flyway
    _of("script", "installed_rank version checksum success", rest=None),
    # Liquibase
    _of("id author filename", "dateexecuted md5sum", rest=None),
    _of("", "id locked lockgranted lockedby"),
    # golang-migrate, then Rails, Ecto and dbmate
    _of("version dirty", named="schema_migrations", is_value=True),
    _of("version", named="schema_migrations", rest="inserted_at"),
    _of("", "key value", named="ar_internal_metadata", rest="created_at updated_at"),
    # Knex
    _of("name", "id batch migration_time"),
    _of("", "is_locked", named="knex_migrations_lock", rest="index"),
    # Sequelize, TypeORM, Prisma, Drizzle, MikroORM, node-pg-migrate
    _of("name", named="sequelizemeta", rest="createdat updatedat"),
    _of("name", "id timestamp", named="migrations typeorm_migrations"),
    _of("migration_name", "id checksum applied_steps_count", rest=None),
    _of("hash", "id created_at", named="__drizzle_migrations"),
    _of("name", "id executed_at", named="mikro_orm_migrations"),
    _of("name", "id run_on", named="pgmigrations"),
    # Laravel, Phinx, Doctrine
    _of("migration", "id batch"),
    _of("version", "migration_name start_time end_time", rest="breakpoint"),
    _of("version", "executed_at execution_time"),
    # Entity Framework
    _of("migrationid", "productversion"),
    # goose, sqlx, Diesel
    _of("version_id", "id is_applied tstamp"),
    _of("version", "description installed_on success checksum execution_time"),
    _of("version", "run_on", named="__diesel_schema_migrations"),
    # yoyo, peewee-migrate, aerich, sqlalchemy-migrate
    _of("migration_id", "migration_hash applied_at_utc"),
    _of("name", "id migrated_at", named="migratehistory"),
    _of("app version", "id content", named="aerich"),
    _of("repository_id version", "repository_path", is_value=True),
    # Grafana
    _of("migration_id", "id sql success error timestamp"),
)
