"""Corrections of the whole server: roles, their memberships, and the databases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from backend.bootstrap import scram
from backend.bootstrap.corrections import Correction, correction, rights_corrections
from backend.bootstrap.roles import (
    DATABASE_RIGHTS,
    MANAGED,
    OTHER_DATABASE_RIGHTS,
    OWNER,
    PUBLIC,
    ROLES,
    WITH_PASSWORD,
    Rights,
    Role,
)
from backend.db import sql
from backend.db.session import Session

_ATTRIBUTES = """
    SELECT rolname, rolcanlogin, rolinherit AND rolconnlimit = -1
        AND coalesce(rolvaliduntil, 'infinity') = 'infinity'
        AND NOT (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)
    FROM pg_roles WHERE rolname = ANY(%s)"""
_MEMBERSHIPS = """
    SELECT m.rolname, r.rolname, g.rolname, admin_option, inherit_option, set_option
    FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid
    JOIN pg_roles m ON m.oid = a.member JOIN pg_roles g ON g.oid = a.grantor
    WHERE m.rolname = ANY(%s) ORDER BY 1, 2, 3"""
_SETTINGS = """
    SELECT r.rolname, d.datname, s.setconfig FROM pg_db_role_setting s
    JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
    WHERE r.rolname = ANY(%s) ORDER BY 1, 2"""
_DATABASES = """
    SELECT d.datname, r.rolname FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba
    WHERE datallowconn"""
_DATABASE_RIGHTS = """
    SELECT coalesce(r.rolname, 'PUBLIC'), a.privilege_type FROM pg_database d
    CROSS JOIN aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
    LEFT JOIN pg_roles r ON r.oid = a.grantee WHERE d.datname = %s"""


def role_corrections(session: Session) -> Iterator[Correction]:
    """Make the roles that are missing and correct what each one is."""
    found = {name: rest for name, *rest in session.execute(_ATTRIBUTES, [list(MANAGED)])}
    for role in ROLES:
        login = "LOGIN" if role.logs_in else "NOLOGIN"
        if role.name not in found:
            yield correction(f"create role {role.name}", "CREATE ROLE {}", sql.name(role.name))
        if found.get(role.name) != [role.logs_in, True]:
            yield correction(
                f"set what {role.name} is: {login}, no other power",
                "ALTER ROLE {} WITH {} NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION"
                " NOBYPASSRLS INHERIT CONNECTION LIMIT -1 VALID UNTIL 'infinity'",
                *(sql.name(role.name), sql.statement(login)),
            )


def membership_corrections(session: Session) -> Iterator[Correction]:
    """Correct which of our roles belong to which."""
    wanted = {
        (role.name, group): (False, True, role.may_set_role)
        for role in ROLES
        for group in role.groups
    }
    right = set()
    for member, group, grantor, *options in session.execute(_MEMBERSHIPS, [list(MANAGED)]):
        if wanted.get((member, group)) == tuple(options):
            right.add((member, group))
            continue
        yield correction(
            f"take {member} out of {group}",
            "REVOKE {} FROM {} GRANTED BY {} CASCADE",
            *(sql.name(group), sql.name(member), sql.name(grantor)),
        )
    for (member, group), (_, _, may_set_role) in wanted.items():
        if (member, group) not in right:
            yield correction(
                f"put {member} into {group}",
                "GRANT {} TO {} WITH ADMIN FALSE, INHERIT TRUE, SET {}",
                *(sql.name(group), sql.name(member)),
                sql.statement("TRUE" if may_set_role else "FALSE"),
            )


def setting_corrections(session: Session) -> Iterator[Correction]:
    """Correct the timeouts and other settings that each role logs in with."""
    found: dict[str, dict[str, str]] = {}
    for name, database, config in session.execute(_SETTINGS, [list(MANAGED)]):
        if database is None:
            found[name] = dict(line.split("=", 1) for line in config)
        else:
            yield correction(
                f"reset what {name} has set in database {database}",
                "ALTER ROLE {} IN DATABASE {} RESET ALL",
                *(sql.name(name), sql.name(database)),
            )
    for role in ROLES:
        yield from _settings_of(role, found.get(role.name, {}))


def _settings_of(role: Role, found: Mapping[str, str]) -> Iterator[Correction]:
    for setting in sorted(found.keys() - role.settings.keys()):
        yield correction(
            f"reset {setting} of {role.name}",
            "ALTER ROLE {} RESET {}",
            *(sql.name(role.name), sql.name(*setting.split("."))),
        )
    for setting, value in role.settings.items():
        if found.get(setting) != value:
            yield correction(
                f"set {setting}={value} for {role.name}",
                "ALTER ROLE {} SET {} = {}",
                *(sql.name(role.name), sql.name(setting), sql.value(value)),
            )


def password_corrections(session: Session, passwords: Mapping[str, str]) -> Iterator[Correction]:
    """Set a password only where the stored verifier does not fit it."""
    rows = session.execute("SELECT rolname, rolpassword FROM pg_authid").fetchall()
    stored: dict[str, str | None] = dict(rows)
    for role in WITH_PASSWORD:
        if not scram.matches(passwords[role.secret], stored.get(role.name)):
            verifier = scram.make_verifier(session, role.name, passwords[role.secret])
            yield correction(
                f"set the password of {role.name} from its secret",
                "ALTER ROLE {} PASSWORD {}",
                *(sql.name(role.name), sql.value(verifier)),
            )
    for role in ROLES:
        if not role.secret and stored.get(role.name):
            yield correction(
                f"take the password from {role.name}, which has none",
                "ALTER ROLE {} PASSWORD NULL",
                sql.name(role.name),
            )


def database_corrections(session: Session, database: str) -> Iterator[Correction]:
    """Make the app's database if it is missing, and give it to the owner."""
    owner = _owners(session).get(database)
    if owner is None:
        yield correction(
            f"create database {database}",
            "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'",
            *(sql.name(database), sql.name(OWNER)),
        )
    elif owner != OWNER:
        yield correction(
            f"give database {database} to {OWNER}",
            "ALTER DATABASE {} OWNER TO {}",
            *(sql.name(database), sql.name(OWNER)),
        )


def database_rights_corrections(session: Session, database: str) -> Iterator[Correction]:
    """Let our roles into the app's database only, backups into each, and nobody else into any."""
    for name in sorted(_owners(session)):
        found: Rights = frozenset(session.execute(_DATABASE_RIGHTS, [name]).fetchall())
        on = sql.statement("DATABASE {}", sql.name(name))
        if name == database:
            yield from rights_corrections(on, f"database {name}", DATABASE_RIGHTS, found)
        else:
            ours = frozenset(pair for pair in found if pair[0] in {PUBLIC, *MANAGED})
            yield from rights_corrections(on, f"database {name}", OTHER_DATABASE_RIGHTS, ours)


def _owners(session: Session) -> dict[str, str]:
    rows: list[tuple[str, str]] = session.execute(_DATABASES).fetchall()
    return dict(rows)
