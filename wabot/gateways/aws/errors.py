"""What AWS and its SDK say, in words that tell the operator what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from wabot.errors import ExternalFailure


class AwsFailure(ExternalFailure):
    """Report that an AWS service refused or did not answer; `aws_code` is what it called that."""

    code = "aws_failure"

    def __init__(
        self, message: str, *, hint: str = "", retryable: bool = False, aws_code: str = ""
    ) -> None:
        super().__init__(message, hint=hint, retryable=retryable)
        self.aws_code = aws_code


@dataclass(frozen=True, slots=True)
class _Meaning:
    hint: str
    said: str = ""
    retryable: bool = False


_KEYS = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
_NO_CREDENTIALS = _Meaning(
    f"Give the machine an IAM role, or set AWS_PROFILE or {_KEYS} in the environment.",
    "no AWS credentials were found",
)
_EXPIRED = _Meaning(
    "Get a new session (aws sso login, or aws sts assume-role), or give the machine an IAM role,"
    " which renews its credentials by itself.",
    "the AWS session token has expired",
)
_WRONG_KEY = _Meaning(
    f"Correct {_KEYS} (and AWS_SESSION_TOKEN, which belongs to them) in the environment.",
    "AWS does not know these credentials",
)
_DENIED = _Meaning("Allow it in the IAM policy of these credentials{permission}.")
_REGION = _Meaning(
    "Set AWS_REGION to the region that it is in.", "it is in another region than the one asked"
)
_SKEW = _Meaning("Set this machine's clock: timedatectl set-ntp true", "the clocks differ too much")
_BUSY = _Meaning("Try again in a moment.", retryable=True)
_NO_BUCKET = _Meaning(
    "Correct its name, or make it: aws s3 mb s3://NAME", "there is no such bucket"
)
_NO_TOPIC = _Meaning(
    "Correct WABOT_ALERTS_SNS_TOPIC (aws sns list-topics), or make the topic:"
    " aws sns create-topic --name NAME",
    "there is no such topic",
)
_AWAY = _Meaning(
    "Check that this machine reaches AWS (security group, NAT or VPC endpoint, proxy), and"
    " AWS_REGION and AWS_ENDPOINT_URL if they are set.",
    retryable=True,
)

_BY_CODE: dict[str, _Meaning] = {
    **dict.fromkeys(("ExpiredToken", "ExpiredTokenException", "RequestExpired"), _EXPIRED),
    **dict.fromkeys(
        (
            *("InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId"),
            *("AuthFailure", "SignatureDoesNotMatch", "IncompleteSignature", "InvalidToken"),
        ),
        _WRONG_KEY,
    ),
    **dict.fromkeys(
        (
            *("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"),
            *("AuthorizationError", "AllAccessDisabled"),
        ),
        _DENIED,
    ),
    **dict.fromkeys(
        ("PermanentRedirect", "301", "AuthorizationHeaderMalformed", "IllegalLocationConstraint"),
        _REGION,
    ),
    **dict.fromkeys(("RequestTimeTooSkewed", "InvalidSignatureException"), _SKEW),
    **dict.fromkeys(("SlowDown", "Throttling", "ThrottlingException", "503", "500"), _BUSY),
    "NoSuchBucket": _NO_BUCKET,
    "NotFound": _NO_TOPIC,
}
# By name: the SDK's own classes are not imported before something failed.
_BY_KIND: dict[str, _Meaning] = {
    **dict.fromkeys(("NoCredentialsError", "CredentialRetrievalError"), _NO_CREDENTIALS),
    "PartialCredentialsError": _Meaning(f"Set both {_KEYS} in the environment."),
    "NoRegionError": _Meaning(
        "Set AWS_REGION in the environment, for example us-east-1.", "no AWS region is set"
    ),
    "ProfileNotFound": _Meaning("Correct AWS_PROFILE, or make that profile: aws configure"),
    **dict.fromkeys(
        ("UnauthorizedSSOTokenError", "SSOTokenLoadError", "TokenRetrievalError"), _EXPIRED
    ),
    **dict.fromkeys(
        (
            *("EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError"),
            *("ConnectionClosedError", "ConnectionError", "ProxyConnectionError", "SSLError"),
        ),
        _AWAY,
    ),
}


@contextmanager
def aws_errors(what: str, *, permission: str = "") -> Iterator[None]:
    """Turn what the SDK raises inside the block into AwsFailure that begins with `what`.

    `permission` names the IAM actions that the block needs.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise explained(error, what, permission=permission) from error


def explained(error: BaseException, what: str, *, permission: str = "") -> AwsFailure:
    """Return what an error of the SDK means."""
    response: Any = getattr(error, "response", {})
    code = str(response.get("Error", {}).get("Code", ""))
    meaning = _BY_CODE.get(code) or _BY_KIND.get(type(error).__name__)
    if meaning is None:
        return AwsFailure(f"{what}: {_said(error)}", aws_code=code)
    said = meaning.said or _said(error)
    needs = f": {permission}" if permission else ""
    return AwsFailure(
        f"{what}: {said}",
        hint=meaning.hint.format(permission=needs) if meaning is _DENIED else meaning.hint,
        retryable=meaning.retryable,
        aws_code=code,
    )


def _said(error: BaseException) -> str:
    response: Any = getattr(error, "response", {})
    told = response.get("Error", {}).get("Message", "")
    return " ".join(str(told or error).split()).rstrip(".")
