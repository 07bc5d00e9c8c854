"""Settings kept in AWS: one secret of Secrets Manager, or a path of SSM's Parameter Store."""

import json
from collections.abc import Mapping

from wabot.errors import ConfigurationError
from wabot.gateways.aws.clients import aws_client
from wabot.gateways.aws.errors import AwsFailure, aws_errors

SECRET, PARAMETERS = "aws-sm://", "aws-ssm://"
# At every start: somebody waits for it.
_CONNECT, _READ, _ATTEMPTS = 2, 5, 2


def fetch_settings(address: str) -> Mapping[str, str]:
    """Return what is set at aws-sm://NAME or aws-ssm:///PATH, by name.

    Raises ConfigurationError that names the address, never a value.
    """
    try:
        if address.startswith(SECRET):
            return _secret(address, address.removeprefix(SECRET))
        return _parameters(address, address.removeprefix(PARAMETERS))
    except AwsFailure as failure:
        hint = failure.hint
        if failure.aws_code == "ResourceNotFoundException":
            hint = (
                "Correct WABOT_SETTINGS_FROM or AWS_REGION, or make it: aws secretsmanager"
                f" create-secret --name {address.removeprefix(SECRET)} --secret-string"
                " file://settings.json"
            )
        raise ConfigurationError(failure.message, hint=hint, retryable=failure.retryable) from None


def _secret(address: str, name: str) -> Mapping[str, str]:
    with aws_errors(_cannot(address), permission="secretsmanager:GetSecretValue"):
        client = aws_client("secretsmanager", connect=_CONNECT, read=_READ, attempts=_ATTEMPTS)
        found = client.get_secret_value(SecretId=name)
    try:
        plain = json.loads(found.get("SecretString", ""))
    except ValueError:
        plain = None
    if not isinstance(plain, dict):
        raise ConfigurationError(
            f"{_cannot(address)}: the secret is no JSON object",
            hint='Write it as {"DATABASE_URL": "…", "WABOT_MASTER_KEY": "…"}: aws secretsmanager'
            f" put-secret-value --secret-id {name} --secret-string file://settings.json",
        )
    wrong = [key for key, value in plain.items() if not isinstance(value, str | int | float)]
    if wrong:
        raise ConfigurationError(
            f"{_cannot(address)}: {', '.join(wrong)} is no text and no number",
            hint="Write each value as a .env file has it, between quotation marks.",
        )
    return {key: str(value) for key, value in plain.items()}


def _parameters(address: str, path: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    with aws_errors(_cannot(address), permission="ssm:GetParametersByPath, kms:Decrypt"):
        client = aws_client("ssm", connect=_CONNECT, read=_READ, attempts=_ATTEMPTS)
        for page in client.get_paginator("get_parameters_by_path").paginate(
            Path=path, WithDecryption=True
        ):
            for parameter in page["Parameters"]:
                found[parameter["Name"].rpartition("/")[2]] = parameter["Value"]
    if not found:
        raise ConfigurationError(
            f"{_cannot(address)}: there are no parameters",
            hint="Correct WABOT_SETTINGS_FROM or AWS_REGION, or make them: aws ssm put-parameter"
            f" --type SecureString --name {path.rstrip('/')}/DATABASE_URL --value …",
        )
    return found


def _cannot(address: str) -> str:
    return f"The settings in {address} cannot be read"
