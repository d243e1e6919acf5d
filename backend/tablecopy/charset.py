"""Which characters a target can hold whose encoding is not UTF-8."""

from __future__ import annotations

from backend.db.errors import VALUE_REFUSED
from backend.db.session import Session

# All of Unicode, or bytes that nobody looks at.
_COMPLETE = {"UTF8", "SQL_ASCII"}
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
        return self.name not in _COMPLETE

    def missing(self, text: str) -> str:
        """Return the first character of a text that it does not have, or nothing."""
        if text.isascii() or not self.lacks_some:
            return ""
        return next((one for one in text if not self._has(one)), "")

    def _has(self, character: str) -> bool:
        if character not in self._known:
            self._known[character] = self._convert(character)
        return self._known[character]

    def _convert(self, character: str) -> bool:
        data = character.encode()
        try:
            self._session.execute(_CONVERT, (data,))
        except VALUE_REFUSED:
            return False
        return True
