"""Make releases out of a release: another version, another schema, or one that is no good."""

import re
import subprocess
from dataclasses import dataclass

from backend.migrate.history import History

# The image trusts its bytecode without looking at the source: what is changed is compiled again.
COMPILE = "/opt/venv/bin/python -m compileall -q -f --invalidation-mode unchecked-hash"
_COMPILED = re.compile(r"/app/backend/[\w/]+\.py")
# How many expand revisions we ship.
SHIPPED = History.of("postgres").top("expand")
EXPAND = "/app/backend/migrations/postgres/expand"


@dataclass(frozen=True)
class Derived:
    """A release that differs from another one by a few commands."""

    base: str
    image: str
    version: str
    changes: tuple[str, ...] = ()

    @property
    def dockerfile(self) -> str:
        """Return how it is made: in one layer, for each takes a second or two."""
        stamp = f"printf %s {self.version} > /app/VERSION"
        changed = sorted({path for change in self.changes for path in _COMPILED.findall(change)})
        compiled = (" ".join((COMPILE, *changed)),) if changed else ()
        run = " && ".join((*self.changes, stamp, *compiled))
        return "\n".join((f"FROM {self.base}", "USER 0", f"RUN {run}", "USER 10001:10001", ""))

    def build(self) -> str:
        """Build it and return its name."""
        done = subprocess.run(
            ("docker", "build", "--quiet", "--tag", self.image, "-"),
            input=self.dockerfile,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{self.image} was not built: {done.stderr[-2000:]}")
        return self.image


def append(path: str, *lines: str) -> str:
    """Return the command that adds lines to the end of a file."""
    words = " ".join(f"'{line}'" for line in lines)
    return f"printf '%s\\n' {words} >> {path}"


def expand_revision(step: int, statement: str) -> str:
    """Return the command that adds an expand revision: the first, the second after ours."""
    number = SHIPPED + step
    name = f"{EXPAND}/{number:04d}_drill_{number}.py"
    return append(
        name,
        f'"""Revision {number} of a drill."""',
        "from alembic import op",
        f'revision = "expand_{number:04d}"',
        f'down_revision = "expand_{number - 1:04d}"',
        "branch_labels = None",
        "depends_on = None",
        "def upgrade() -> None:",
        f'    op.execute("{statement}")',
    )


def needs_expand(level: int) -> str:
    """Return the command that makes a release ask for a schema level."""
    return f"sed -i 's/^NEEDS_EXPAND = .*/NEEDS_EXPAND = {level}/' /app/backend/db/schema_state.py"
