"""The errors of services; `backend.request.failures` gives each a status code.

AppError
├── DataError
│   └── InvalidInput        a field holds what it cannot hold
│       ├── NoAccount       nobody has an account with this address
│       └── KeyReused       an idempotency key came again with another request
├── NotAuthenticated        nobody is logged in, or not with these credentials
├── NotFound                not there, or not yours: the two look alike on purpose
├── StateConflict           the state of things does not allow it
└── TryLater                the same request may succeed in so many seconds
    ├── TooBusy             too many want the same at this moment
    └── TooManyTries        it has failed too often
"""

from __future__ import annotations

from backend.errors import AppError, DataError


class InvalidInput(DataError):  # noqa: N818 - reads as the finding it is
    """A value is refused; `field` is its path in the input, as `payers.0.amount`."""

    def __init__(self, message: str, *, field: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.field = field


class KeyReused(InvalidInput):
    """An idempotency key was seen before, with another request."""

    def __init__(self) -> None:
        super().__init__(
            "this Idempotency-Key was used for another request",
            field="Idempotency-Key",
            hint="make a new key for each new request",
        )


class NoAccount(InvalidInput):
    """Nobody has an account with this e-mail address."""

    def __init__(self) -> None:
        super().__init__(
            "nobody has an account with this e-mail address",
            field="email",
            hint="add the person by name alone; an account is not needed",
        )


class NotAuthenticated(AppError):  # noqa: N818
    """Nobody is logged in, or the credentials do not fit."""


class NotFound(AppError):  # noqa: N818
    """Not there, or not yours."""


class StateConflict(AppError):  # noqa: N818
    """The present state does not allow it."""


class TryLater(AppError):  # noqa: N818
    """The same request may succeed in `seconds`."""

    def __init__(self, message: str, *, seconds: int) -> None:
        super().__init__(message, hint=f"try again in {seconds} s")
        self.seconds = seconds


class TooBusy(TryLater):
    """Too many people want the same at this moment."""


class TooManyTries(TryLater):
    """It has failed too often, from here or from anywhere."""
