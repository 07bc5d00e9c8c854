"""Looks at buckets: blocking, for threads."""

import secrets
from contextlib import suppress
from datetime import timedelta
from typing import Any

from wabot.gateways.aws.clients import quick_client
from wabot.gateways.aws.errors import AwsFailure, aws_errors
from wabot.services.aws_facts import BucketFacts, Lifecycle, Privacy


class BucketInspector:
    """One bucket, as far as a prefix of it is used."""

    def __init__(self, bucket: str, prefix: str, encryption: str) -> None:
        self.name = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._encryption = encryption

    def look(self) -> BucketFacts:
        """Return where the bucket is; raises AwsFailure when it cannot be reached."""
        with aws_errors(f"s3://{self.name} cannot be reached", permission="s3:ListBucket"):
            client = quick_client("s3")
            try:
                # By listing: of a bucket that is not there, asking for its head tells nothing.
                client.list_objects_v2(Bucket=self.name, Prefix=self._prefix, MaxKeys=1)
            finally:
                asked = str(client.meta.region_name)
            headers = client.head_bucket(Bucket=self.name)["ResponseMetadata"]["HTTPHeaders"]
        return BucketFacts(headers.get("x-amz-bucket-region", ""), asked)

    def write(self) -> None:
        """Put a tiny object and take it away again."""
        key = f"{self._prefix}.wabot-check-{secrets.token_hex(8)}"
        extra = {"ServerSideEncryption": self._encryption} if self._encryption else {}
        what = f"s3://{self.name}/{self._prefix} cannot be written"
        with aws_errors(what, permission="s3:PutObject, s3:DeleteObject"):
            client = quick_client("s3")
            client.put_object(Bucket=self.name, Key=key, Body=b"wabot check", **extra)
            client.delete_object(Bucket=self.name, Key=key)

    def privacy(self) -> Privacy:
        """Return who may see it."""
        needs = "s3:GetBucketPublicAccessBlock, s3:GetBucketPolicyStatus"
        what = f"Who may see s3://{self.name} cannot be told"
        client = quick_client("s3")
        block: dict[str, bool] = {}
        public = False
        with _absent("NoSuchPublicAccessBlockConfiguration"), aws_errors(what, permission=needs):
            found = client.get_public_access_block(Bucket=self.name)
            block = found["PublicAccessBlockConfiguration"]
        with _absent("NoSuchBucketPolicy"), aws_errors(what, permission=needs):
            found = client.get_bucket_policy_status(Bucket=self.name)
            public = bool(found["PolicyStatus"].get("IsPublic"))
        return Privacy(bool(block) and all(block.values()), public)

    def encryption(self) -> str:
        """Return what the bucket encrypts with by itself; empty for nothing."""
        what = f"Whether s3://{self.name} encrypts cannot be told"
        with (
            _absent("ServerSideEncryptionConfigurationNotFoundError"),
            aws_errors(what, permission="s3:GetEncryptionConfiguration"),
        ):
            client = quick_client("s3")
            found = client.get_bucket_encryption(Bucket=self.name)
            (rule, *_) = found["ServerSideEncryptionConfiguration"]["Rules"]
            return str(rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"])
        return ""

    def lifecycle(self) -> Lifecycle:
        """Return what becomes of old objects below the prefix."""
        what = f"What s3://{self.name} does with old objects cannot be told"
        rules: list[dict[str, Any]] = []
        with (
            _absent("NoSuchLifecycleConfiguration"),
            aws_errors(what, permission="s3:GetLifecycleConfiguration"),
        ):
            client = quick_client("s3")
            rules = client.get_bucket_lifecycle_configuration(Bucket=self.name)["Rules"]
        ours = [rule for rule in rules if rule["Status"] == "Enabled" and self._concerns(rule)]
        days = [rule["Expiration"]["Days"] for rule in ours if "Days" in rule.get("Expiration", {})]
        return Lifecycle(
            timedelta(days=min(days)) if days else None,
            any(rule.get("Transitions") for rule in ours),
            any("AbortIncompleteMultipartUpload" in rule for rule in ours),
        )

    def _concerns(self, rule: dict[str, Any]) -> bool:
        filtered = rule.get("Filter", {})
        prefix = filtered.get("Prefix", filtered.get("And", {}).get("Prefix", rule.get("Prefix")))
        return self._prefix.startswith(prefix or "")


class _absent(suppress):  # noqa: N801 - used like contextlib's own
    """Let pass what AWS calls by that code: there is nothing of the kind."""

    def __init__(self, code: str) -> None:
        super().__init__(AwsFailure)
        self._code = code

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        """Swallow that code alone."""
        return isinstance(error, AwsFailure) and error.aws_code == self._code
