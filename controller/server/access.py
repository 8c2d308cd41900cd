"""What a request shows to be let in, compared in constant time."""

import base64
import binascii
import hmac

from starlette.requests import Request


def is_basic(request: Request, username: str | None, password: str) -> bool:
    """Whether the request shows the user name (`None`: any) and password, both compared whatever the other came to."""
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    try:
        decoded = base64.b64decode(shown.strip(), validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    user, colon, word = decoded.partition(b":")
    is_user = username is None or hmac.compare_digest(user, username.encode())
    is_password = hmac.compare_digest(word, password.encode())
    return scheme.lower() == "basic" and bool(colon) and is_user and is_password


def is_bearer(request: Request, token: str) -> bool:
    """Whether the request shows the token."""
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    return hmac.compare_digest(shown.strip().encode(), token.encode()) and scheme.lower() == "bearer"
