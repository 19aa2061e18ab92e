"""Who calls the API: a token kept as its digest, or the browser's session."""

from __future__ import annotations

from rest_framework import authentication, exceptions
from rest_framework.request import Request

from core.models import User
from core.services import credentials


class HashedTokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Token SECRET`."""

    keyword = b"token"

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        parts = authentication.get_authorization_header(request).split()
        if not parts or parts[0].lower() != self.keyword:
            return None
        user = (
            credentials.user_of_token(parts[1].decode("ascii", "replace"))
            if len(parts) == 2
            else None
        )
        if user is None:
            raise exceptions.AuthenticationFailed("The API token is not valid. Make a new one.")
        return user, None

    def authenticate_header(self, request: Request) -> str:
        return "Token"


class SessionAuthentication(authentication.SessionAuthentication):
    """The browser's session; answers 401 instead of 403 when nobody is logged in."""

    def authenticate_header(self, request: Request) -> str:
        return "Session"


class UserRequest(Request):
    """A request behind `IsAuthenticated`: its user is somebody."""

    user: User  # type: ignore[assignment]
