"""Which characters a target can hold whose encoding is not UTF-8."""

from __future__ import annotations

import psycopg

from backend.tablecopy.postgres.session import Session

# All of Unicode, or bytes that nobody looks at.
_EVERYTHING = {"UTF8", "SQL_ASCII"}
_CONVERT = "SELECT convert(%s::bytea, 'UTF8', getdatabaseencoding()::name)"


class Charset:
    """Asks the server about each character once; the session must be in no transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
        row = session.execute("SELECT getdatabaseencoding()").fetchone()
        self.name = str(row[0]) if row else ""
        self._known: dict[str, bool] = {}

    @property
    def lacks_some(self) -> bool:
        """Tell whether there are characters that it does not have."""
        return self.name not in _EVERYTHING

    def missing(self, text: str) -> str:
        """Return the first character of a text that it does not have, or nothing."""
        if text.isascii() or not self.lacks_some:
            return ""
        return next((one for one in text if not self._has(one)), "")

    def _has(self, character: str) -> bool:
        known = self._known.get(character)
        if known is None:
            known = self._known[character] = self._asked(character)
        return known

    def _asked(self, character: str) -> bool:
        try:
            self._session.execute(_CONVERT, (character.encode(),))
        except psycopg.DataError:
            return False
        return True
