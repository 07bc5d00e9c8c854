"""Alerts to a topic of Amazon SNS; boto3 blocks, so in a thread."""

import asyncio
import hashlib
from datetime import timedelta
from functools import cached_property
from typing import Any

from wabot.domain.alerts.notices import Digest
from wabot.gateways.aws.clients import aws_client
from wabot.gateways.aws.errors import aws_errors

_SUBJECT = 100
_BYTES = 250_000


class SnsChannel:
    """Publishes to one topic; credentials and endpoint are the AWS SDK's ordinary settings."""

    name = "sns"
    pause = timedelta(seconds=60)

    def __init__(self, topic: str) -> None:
        self._topic = topic

    @cached_property
    def _client(self) -> Any:
        # The topic's region, whatever the machine's own is.
        return aws_client("sns", region=self._topic.split(":")[3], read=15, attempts=2)

    async def tell(self, message: Digest) -> None:
        """Publish the message."""
        await asyncio.to_thread(self._publish, message)

    def _publish(self, message: Digest) -> None:
        asked: dict[str, Any] = {
            "TopicArn": self._topic,
            "Subject": _ascii_line(message.subject)[:_SUBJECT],
            "Message": message.text.encode()[:_BYTES].decode(errors="ignore"),
        }
        if self._topic.endswith(".fifo"):
            asked["MessageGroupId"] = "wabot"
            asked["MessageDeduplicationId"] = hashlib.sha256(message.text.encode()).hexdigest()
        what = f"SNS does not take the alert for {self._topic}"
        with aws_errors(what, permission="sns:Publish"):
            self._client.publish(**asked)


def _ascii_line(text: str) -> str:
    """Return what SNS takes for a subject: printable ASCII on one line."""
    return " ".join(text.encode("ascii", "replace").decode().split())
