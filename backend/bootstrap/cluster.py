"""What the whole server knows: roles, who belongs to whom, and the databases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from psycopg import sql

from backend.bootstrap import scram
from backend.bootstrap.roles import (
    DATABASE_RIGHTS,
    LOGINS,
    MANAGED,
    OWNER,
    PUBLIC,
    ROLES,
    Rights,
    Role,
)
from backend.bootstrap.steps import Session, Step, rights_steps, step

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


def role_steps(session: Session) -> Iterator[Step]:
    """Make the roles that are missing and correct what each one is."""
    found = {name: rest for name, *rest in session.execute(_ATTRIBUTES, [list(MANAGED)])}
    for role in ROLES:
        login = "LOGIN" if role.secret else "NOLOGIN"
        if role.name not in found:
            yield step(f"create role {role.name}", "CREATE ROLE {}", sql.Identifier(role.name))
        if found.get(role.name) != [bool(role.secret), True]:
            yield step(
                f"set what {role.name} is: {login}, no other power",
                "ALTER ROLE {} WITH {} NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION"
                " NOBYPASSRLS INHERIT CONNECTION LIMIT -1 VALID UNTIL 'infinity'",
                *(sql.Identifier(role.name), sql.SQL(login)),
            )


def membership_steps(session: Session) -> Iterator[Step]:
    """Correct which of our roles belong to which."""
    wanted = {(role.name, role.member_of): (False, True, role.may_set_role) for role in LOGINS}
    right = set()
    for member, group, grantor, *options in session.execute(_MEMBERSHIPS, [list(MANAGED)]):
        if wanted.get((member, group)) == tuple(options):
            right.add((member, group))
            continue
        yield step(
            f"take {member} out of {group}",
            "REVOKE {} FROM {} GRANTED BY {} CASCADE",
            *(sql.Identifier(group), sql.Identifier(member), sql.Identifier(grantor)),
        )
    for role in LOGINS:
        if (role.name, role.member_of) not in right:
            yield step(
                f"put {role.name} into {role.member_of}",
                "GRANT {} TO {} WITH ADMIN FALSE, INHERIT TRUE, SET {}",
                *(sql.Identifier(role.member_of), sql.Identifier(role.name)),
                sql.SQL("TRUE" if role.may_set_role else "FALSE"),
            )


def setting_steps(session: Session) -> Iterator[Step]:
    """Correct the timeouts and other settings that each role logs in with."""
    found: dict[str, dict[str, str]] = {}
    for name, database, config in session.execute(_SETTINGS, [list(MANAGED)]):
        if database is None:
            found[name] = dict(line.split("=", 1) for line in config)
        else:
            yield step(
                f"reset what {name} has set in database {database}",
                "ALTER ROLE {} IN DATABASE {} RESET ALL",
                *(sql.Identifier(name), sql.Identifier(database)),
            )
    for role in ROLES:
        yield from _settings_of(role, found.get(role.name, {}))


def _settings_of(role: Role, found: Mapping[str, str]) -> Iterator[Step]:
    for setting in sorted(found.keys() - role.settings.keys()):
        yield step(
            f"reset {setting} of {role.name}",
            "ALTER ROLE {} RESET {}",
            *(sql.Identifier(role.name), sql.Identifier(*setting.split("."))),
        )
    for setting, value in role.settings.items():
        if found.get(setting) != value:
            yield step(
                f"set {setting}={value} for {role.name}",
                "ALTER ROLE {} SET {} = {}",
                *(sql.Identifier(role.name), sql.Identifier(setting), sql.Literal(value)),
            )


def password_steps(session: Session, passwords: Mapping[str, str]) -> Iterator[Step]:
    """Set a password only where the stored verifier does not fit it."""
    rows = session.execute("SELECT rolname, rolpassword FROM pg_authid").fetchall()
    stored: dict[str, str | None] = dict(rows)
    for role in LOGINS:
        if not scram.matches(passwords[role.secret], stored.get(role.name)):
            verifier = scram.make_verifier(session, role.name, passwords[role.secret])
            yield step(
                f"set the password of {role.name} from its secret",
                "ALTER ROLE {} PASSWORD {}",
                *(sql.Identifier(role.name), sql.Literal(verifier)),
            )
    for role in ROLES:
        if not role.secret and stored.get(role.name):
            yield step(
                f"take the password from {role.name}, which does not log in",
                "ALTER ROLE {} PASSWORD NULL",
                sql.Identifier(role.name),
            )


def database_steps(session: Session, database: str) -> Iterator[Step]:
    """Make the app's database if it is missing, and give it to the owner."""
    owner = _owners(session).get(database)
    if owner is None:
        yield step(
            f"create database {database}",
            "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'",
            *(sql.Identifier(database), sql.Identifier(OWNER)),
        )
    elif owner != OWNER:
        yield step(
            f"give database {database} to {OWNER}",
            "ALTER DATABASE {} OWNER TO {}",
            *(sql.Identifier(database), sql.Identifier(OWNER)),
        )


def database_rights_steps(session: Session, database: str) -> Iterator[Step]:
    """Let our roles into the app's database only, and nobody else into any."""
    for name in sorted(_owners(session)):
        found: Rights = frozenset(session.execute(_DATABASE_RIGHTS, [name]).fetchall())
        on = sql.SQL("DATABASE {}").format(sql.Identifier(name))
        if name == database:
            yield from rights_steps(on, f"database {name}", DATABASE_RIGHTS, found)
        else:
            ours = frozenset(pair for pair in found if pair[0] in {PUBLIC, *MANAGED})
            yield from rights_steps(on, f"database {name}", frozenset(), ours)


def _owners(session: Session) -> dict[str, str]:
    rows: list[tuple[str, str]] = session.execute(_DATABASES).fetchall()
    return dict(rows)
