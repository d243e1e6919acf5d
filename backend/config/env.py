"""Read environment variables strictly: an unknown word is an error, never a guess."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from dotenv import dotenv_values

from backend.errors import ConfigError

_FLAGS = {"true": True, "false": False}

Word = TypeVar("Word", bound=str)


class Env:
    """An environment that remembers which names it was asked for.

    A variable that is set to nothing counts as not set: that is what Compose passes on for
    `${NAME:-}`.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.names: set[str] = set()

    def text(self, name: str, default: str = "") -> str:
        """Return the value without the white space around it."""
        self.names.add(name)
        return self._environ.get(name, "").strip() or default

    def integer(self, name: str, default: int, *, least: int, most: int) -> int:
        """Return a whole number between `least` and `most`, both included."""
        text = self.text(name)
        if not text:
            return default
        # isdecimal() is true for digits of every script; int() would take them too.
        if not (text.isascii() and text.isdecimal() and least <= int(text) <= most):
            raise ConfigError(
                f"{name}={text!r} is not accepted", hint=f"use a whole number, {least} to {most}"
            )
        return int(text)

    def flag(self, name: str, *, default: bool) -> bool:
        """Return true or false, from exactly these words."""
        text = self.text(name)
        if text and text not in _FLAGS:
            raise ConfigError(f"{name}={text!r} is not a flag", hint="use true or false")
        return _FLAGS.get(text, default)

    def choice(self, name: str, words: tuple[Word, ...], default: Word) -> Word:
        """Return one of `words`."""
        text = self.text(name)
        for word in words:
            if text == word:
                return word
        if text:
            accepted = ", ".join(filter(None, words))
            raise ConfigError(f"{name}={text!r} is unknown", hint=f"use one of: {accepted}")
        return default

    def secret(self, name: str) -> str:
        """Return a secret from NAME, or from the file that NAME_FILE names; "" when neither is set.

        Raises:
            ConfigError: both are set, or the file is missing, unreadable or empty.
        """
        path = self.secret_file(name)
        value = self._environ.get(name, "")
        if path and value:
            raise ConfigError(f"both {name} and {name}_FILE are set", hint="keep one of them")
        return read_secret(f"{name}_FILE", path) if path else value

    def secret_file(self, name: str) -> Path | None:
        """Return the path in NAME_FILE, if it is set."""
        self.names.add(name)
        text = self.text(f"{name}_FILE")
        return Path(text) if text else None


def over_file(environ: Mapping[str, str], path: Path) -> dict[str, str]:
    """Return the environment, and under it what a `.env` file says, if there is one."""
    from_file = {name: value for name, value in dotenv_values(path).items() if value is not None}
    return {**from_file, **environ}


def read_secret(name: str, path: Path) -> str:
    """Return what the file holds, less the one line end that editors put there."""
    try:
        value = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(
            f"{name}={path} cannot be read: {reason}", hint="name a file that this user can read"
        ) from None
    value = value.removesuffix("\n").removesuffix("\r")
    if not value:
        raise ConfigError(f"{name}={path} is empty", hint="put the secret into the file")
    return value
