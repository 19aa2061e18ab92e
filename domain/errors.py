"""One family of exceptions whose messages a user may read.

Views, the API and commands translate them: `InvalidInput` to 400, `NotAllowed` to 403,
`NotFound` to 404, `Conflict` to 409 or 412, `Refused` to 409.
"""

from __future__ import annotations


class MyotraceError(Exception):
    """Something went wrong that the user can be told in one sentence.

    `message` names what is wrong, where, and what to do next.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidInput(MyotraceError):
    """Data from outside cannot be taken as it is."""


class InvalidGeometry(InvalidInput):
    """A region, part, ring or point is malformed; the message names its place."""


class Refused(MyotraceError):
    """The request is well formed, but a rule forbids it now."""


class Conflict(MyotraceError):
    """The request was made against a stale state, or the same thing is already under way."""


class NotAllowed(MyotraceError):
    """The user may not do this."""


class NotFound(MyotraceError):
    """There is no such thing, or the user may not know of it."""
