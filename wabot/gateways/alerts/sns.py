"""Alerts to a topic of Amazon SNS; boto3 blocks, so in a thread."""

import asyncio
import hashlib
from datetime import timedelta
from functools import cached_property
from typing import Any

from wabot.domain.alerts.notices import Digest
from wabot.services.alerts.ports import ChannelFailed

_SUBJECT = 100
_BYTES = 250_000
_HINTS = {
    "NotFound": "Make the topic, or correct WABOT_ALERTS_SNS_TOPIC: aws sns list-topics",
    "NotFoundException": "Make the topic, or correct WABOT_ALERTS_SNS_TOPIC: aws sns list-topics",
    "AuthorizationError": "Allow sns:Publish on the topic in the IAM policy of these credentials.",
    "AuthorizationErrorException": "Allow sns:Publish on the topic in the IAM policy.",
    "AccessDenied": "Allow sns:Publish on the topic in the IAM policy of these credentials.",
    "InvalidClientTokenId": "Correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    "SignatureDoesNotMatch": "Correct AWS_SECRET_ACCESS_KEY.",
    "ExpiredToken": "Renew the AWS session, or give the machine an IAM role.",
}


class SnsChannel:
    """Publishes to one topic; credentials and endpoint are the AWS SDK's ordinary settings."""

    name = "sns"
    pause = timedelta(seconds=60)

    def __init__(self, topic: str) -> None:
        self._topic = topic

    @cached_property
    def _client(self) -> Any:
        import boto3
        from botocore.config import Config

        config = Config(connect_timeout=5, read_timeout=15, retries={"total_max_attempts": 2})
        # The topic's region, whatever the machine's own is.
        region = self._topic.split(":")[3]
        return boto3.session.Session().client("sns", region_name=region, config=config)

    async def tell(self, message: Digest) -> None:
        """Publish the message."""
        await asyncio.to_thread(self._publish, message)

    def _publish(self, message: Digest) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        asked: dict[str, Any] = {
            "TopicArn": self._topic,
            # SNS takes printable ASCII on one line there.
            "Subject": " ".join(message.subject.encode("ascii", "replace").decode().split())[
                :_SUBJECT
            ],
            "Message": message.text.encode()[:_BYTES].decode(errors="ignore"),
        }
        if self._topic.endswith(".fifo"):
            asked["MessageGroupId"] = "wabot"
            asked["MessageDeduplicationId"] = hashlib.sha256(message.text.encode()).hexdigest()
        try:
            self._client.publish(**asked)
        except ClientError as error:
            said = error.response.get("Error", {})
            code = str(said.get("Code", "?"))
            refused = f"SNS refuses the topic {self._topic}: {said.get('Message')} ({code})"
            absent = f"There is no SNS topic {self._topic} ({code})"
            raise ChannelFailed(
                absent if code.startswith("NotFound") else refused,
                hint=_HINTS.get(code, "See the topic: aws sns get-topic-attributes --topic-arn …"),
                retryable=True,
            ) from error
        except (BotoCoreError, OSError) as error:
            raise ChannelFailed(
                f"SNS cannot be used: {error}",
                hint="See the AWS settings (AWS_ACCESS_KEY_ID, AWS_PROFILE, AWS_ENDPOINT_URL), and"
                " that this machine reaches AWS.",
                retryable=True,
            ) from error
