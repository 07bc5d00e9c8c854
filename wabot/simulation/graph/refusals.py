"""Errors in Meta's own shape."""

import secrets
from typing import Any

_TITLES = {
    0: "AuthException",
    1: "API Unknown",
    2: "API Service",
    3: "API Method",
    4: "Application request limit reached",
    10: "Permission Denied",
    33: "Parameter value is not valid",
    100: "Invalid parameter",
    190: "Access token has expired",
    368: "Temporarily blocked for policies violations",
    130403: "Business has blocked the user",
    130429: "Rate limit hit",
    130472: "User's number is part of an experiment",
    130497: "Business account is restricted from messaging users in this country",
    131000: "Something went wrong",
    131005: "Access denied",
    131008: "Required parameter is missing",
    131009: "Parameter value is not valid",
    131016: "Service unavailable",
    131021: "Recipient cannot be sender",
    131026: "Message undeliverable",
    131030: "Recipient phone number not in allowed list",
    131031: "Account has been locked",
    131042: "Business eligibility payment issue",
    131045: "Message failed to send because of an unknown certificate error",
    131047: "Re-engagement message",
    131048: "Spam rate limit hit",
    131049: "Message not sent to maintain healthy ecosystem engagement",
    131050: "User has stopped marketing messages",
    131051: "Unsupported message type",
    131053: "Media upload error",
    131056: "(Business Account, Consumer Account) pair rate limit hit",
    131057: "Account in maintenance mode",
    131062: "Business-scoped user id is not supported for this message",
    132000: "Number of parameters does not match the expected number of params",
    132001: "Template name does not exist in the translation",
    132015: "Template is paused",
    132016: "Template is disabled",
    133004: "Server temporarily unavailable",
    133010: "Phone number not registered",
    80007: "Rate limit issues",
}
_STATUSES = {
    **dict.fromkeys((0, 190), 401),
    **dict.fromkeys((10, 368, 130497, 131005, 131031), 403),
    **dict.fromkeys((3, 131000, 131016, 131057), 500),
    **dict.fromkeys((2, 133004), 503),
}


class Refusal(Exception):
    """What Meta would answer instead of taking the request."""

    def __init__(self, code: int, details: str = "", *, retry_after: int = 0) -> None:
        super().__init__(f"{code} {details}")
        self.code = code
        self.details = details
        self.status = _STATUSES.get(code, 403 if 200 <= code <= 299 else 400)
        self.retry_after = retry_after

    def body(self) -> dict[str, Any]:
        """Return the answer's JSON."""
        error: dict[str, Any] = {
            "message": f"(#{self.code}) {title(self.code)}",
            "type": "OAuthException",
            "code": self.code,
            "fbtrace_id": "A" + secrets.token_urlsafe(16),
        }
        if self.details:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        return {"error": error}


class NoSuchObject(Refusal):
    """An id that does not exist, or that the token may not see: Meta does not tell which."""

    def __init__(self, identifier: str, method: str) -> None:
        super().__init__(100)
        self._identifier = identifier
        self._method = method.lower()

    def body(self) -> dict[str, Any]:
        """Return the answer's JSON."""
        return {
            "error": {
                "message": f"Unsupported {self._method} request. Object with ID"
                f" '{self._identifier}' does not exist, cannot be loaded due to missing"
                " permissions, or does not support this operation.",
                "type": "GraphMethodException",
                "code": 100,
                "error_subcode": 33,
                "fbtrace_id": "A" + secrets.token_urlsafe(16),
            }
        }


def title(code: int) -> str:
    """Return Meta's name of an error."""
    return _TITLES.get(code, "Something went wrong")
