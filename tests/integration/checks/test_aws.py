"""What is used in AWS: each failure as the line that the operator reads, with its repair."""

import json
import shlex
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.aws import REGION, client, moto, use
from wabot.checks.model import Result
from wabot.config import examine_settings
from wabot.container.central import CentralUrls
from wabot.container.checks import starting
from wabot.container.checks.starting import check_start, require_good
from wabot.errors import WabotError

IDS = ("aws.credentials", "aws.region", "aws.topic", "aws.settings", "aws.bucket",
       "aws.bucket_writable", "aws.bucket_private", "aws.bucket_encrypted",
       "aws.bucket_lifecycle", "aws.rds", "aws.rds_storage", "aws.rds_backups",
       "aws.rds_safety")  # fmt: skip
Look = Callable[..., Any]


@pytest.fixture(scope="module")
def _aws() -> Iterator[str]:
    with moto() as url:
        yield url


@pytest.fixture(autouse=True)
def _settings_of_the_sdk(_aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    use(_aws, monkeypatch)


@pytest.fixture
def look(environment: dict[str, str], checked: Look) -> Look:
    async def run(*names: str, **env: str) -> Mapping[str, Result]:
        found = await checked(environment | env, *(names or ("aws",)))
        return {name: result for name, result in found.items() if name.startswith("aws.")}

    return run


@pytest.fixture
def bucket() -> Iterator[Any]:
    with client("s3") as s3:
        s3.create_bucket(Bucket="backups")
        yield s3
        for entry in s3.list_objects_v2(Bucket="backups").get("Contents", ()):
            s3.delete_object(Bucket="backups", Key=entry["Key"])
        s3.delete_bucket(Bucket="backups")


def line(result: Result) -> tuple[str, str, str]:
    return result.status.value, result.detail, result.fix


BACKUPS = {"WABOT_BACKUPS": "s3://backups/shops"}


async def test_what_is_not_configured_says_so_and_is_not_asked_for(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    found = await look()
    assert {result.status.value for result in found.values()} == {"skipped"}
    assert found["aws.bucket"].detail == (
        "not configured: neither WABOT_MEDIA nor WABOT_BACKUPS is s3://…"
    )
    assert found["aws.rds"].detail == "not configured: DATABASE_URL is not on RDS"
    assert found["aws.topic"].detail == "not configured: WABOT_ALERTS_SNS_TOPIC"
    assert found["aws.instance"].detail == "not on EC2: no instance metadata answers"


async def test_a_bucket_as_it_should_be_is_good_in_every_way(look: Look, bucket: Any) -> None:
    bucket.put_public_access_block(
        Bucket="backups",
        PublicAccessBlockConfiguration=dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"),
            True,
        ),
    )
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    bucket.put_bucket_encryption(
        Bucket="backups", ServerSideEncryptionConfiguration={"Rules": [rule]}
    )
    keep(bucket, days=30)
    found = await look("aws.bucket_lifecycle", "aws.bucket_private", "aws.bucket_writable",
                       "aws.bucket_encrypted", **BACKUPS)  # fmt: skip
    names = {f"{name}:WABOT_BACKUPS" for name in IDS if name.startswith("aws.bucket")}
    assert set(found) == names | {"aws.credentials"}
    assert {result.status.value for result in found.values()} == {"ok"}, found
    assert found["aws.bucket_lifecycle:WABOT_BACKUPS"].detail == "deleted after 30 days"
    assert "Contents" not in bucket.list_objects_v2(Bucket="backups")


def keep(bucket: Any, *, days: int) -> None:
    rule = {"ID": "x", "Status": "Enabled", "Filter": {"Prefix": "shops/"},
            "Expiration": {"Days": days},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2}}  # fmt: skip
    bucket.put_bucket_lifecycle_configuration(
        Bucket="backups", LifecycleConfiguration={"Rules": [rule]}
    )


async def test_a_bucket_that_is_open_and_keeps_for_ever_is_told_with_the_commands(
    look: Look, bucket: Any
) -> None:
    found = await look("aws.bucket_private", "aws.bucket_lifecycle", **BACKUPS)
    status, detail, fix = line(found["aws.bucket_private:WABOT_BACKUPS"])
    assert (status, detail) == ("warning", "nothing keeps s3://backups from being made public")
    assert fix.startswith("aws s3api put-public-access-block --bucket backups")
    status, detail, fix = line(found["aws.bucket_lifecycle:WABOT_BACKUPS"])
    assert (status, detail) == ("warning", "backups are kept for ever")
    # As typed in a shell.
    (rule,) = json.loads(shlex.split(fix)[-1])["Rules"]
    bucket.put_bucket_lifecycle_configuration(
        Bucket="backups", LifecycleConfiguration={"Rules": [rule]}
    )
    kept = await look("aws.bucket_lifecycle", **BACKUPS)
    assert kept["aws.bucket_lifecycle:WABOT_BACKUPS"].detail == "deleted after 90 days"
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*",
              "Action": "s3:GetObject", "Resource": "arn:aws:s3:::backups/*"}]}  # fmt: skip
    bucket.put_bucket_policy(Bucket="backups", Policy=json.dumps(policy))
    keep(bucket, days=2)
    found = await look("aws.bucket_private", "aws.bucket_lifecycle", **BACKUPS)
    assert line(found["aws.bucket_private:WABOT_BACKUPS"])[:2] == (
        "error",
        "s3://backups is public: anybody reads what customers sent",
    )
    assert found["aws.bucket_lifecycle:WABOT_BACKUPS"].detail == "objects are deleted after 2 days"


async def test_a_bucket_that_is_not_there_is_told_once(look: Look) -> None:
    found = await look("aws.bucket_writable", WABOT_MEDIA="s3://nobodys")
    assert line(found["aws.bucket:WABOT_MEDIA"]) == (
        "error",
        "s3://nobodys cannot be reached: there is no such bucket",
        "Correct its name, or make it: aws s3 mb s3://NAME",
    )
    assert found["aws.bucket_writable:WABOT_MEDIA"].detail == "aws.bucket:WABOT_MEDIA failed"


async def test_a_bucket_of_another_region_is_told_with_that_region(look: Look) -> None:
    with client("s3") as s3:
        s3.create_bucket(
            Bucket="far-away", CreateBucketConfiguration={"LocationConstraint": "sa-east-1"}
        )
    found = await look("aws.bucket", WABOT_BACKUPS="s3://far-away")
    assert line(found["aws.bucket:WABOT_BACKUPS"]) == (
        "warning",
        (
            f"s3://far-away is in sa-east-1, not in {REGION}: slower, and what goes there and back"
            " is billed"
        ),
        "set AWS_REGION=sa-east-1 in the environment, or use a bucket of this region",
    )


@pytest.mark.parametrize(
    ("variables", "said", "fix"),
    [
        (
            {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None},
            "no AWS credentials were found",
            (
                "Give the machine an IAM role, or set AWS_PROFILE or AWS_ACCESS_KEY_ID and"
                " AWS_SECRET_ACCESS_KEY in the environment."
            ),
        ),
        (
            {"AWS_PROFILE": "nobodys"},
            "The config profile (nobodys) could not be found",
            "Correct AWS_PROFILE, or make that profile: aws configure",
        ),
        (
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
            'Could not connect to the endpoint URL: "http://127.0.0.1:1/"',
            (
                "Check that this machine reaches AWS (security group, NAT or VPC endpoint, proxy),"
                " and AWS_REGION and AWS_ENDPOINT_URL if they are set."
            ),
        ),
    ],
)
async def test_credentials_that_do_not_get_in_stop_the_rest(
    look: Look,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str | None],
    said: str,
    fix: str,
) -> None:
    for name, value in variables.items():
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    found = await look("aws.bucket", **BACKUPS)
    detail = f"AWS does not let these credentials in: {said}"
    assert line(found["aws.credentials"]) == ("error", detail, fix)
    assert found["aws.bucket"].detail == "aws.credentials failed"


class _Refusing(BaseHTTPRequestHandler):
    """An AWS that answers every question with one error."""

    code, status = "", 403

    def _refuse(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        error = (
            f"<Error><Type>Sender</Type><Code>{self.code}</Code><Message>no way</Message></Error>"
        )
        body = f"<ErrorResponse>{error}</ErrorResponse>".encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = _refuse  # noqa: N815

    def log_message(self, *_: object) -> None:
        return


@pytest.mark.parametrize(
    ("code", "said", "fix"),
    [
        ("ExpiredToken", "the AWS session token has expired", "Get a new session (aws sso login"),
        (
            "InvalidClientTokenId",
            "AWS does not know these credentials",
            "Correct AWS_ACCESS_KEY_ID",
        ),
        ("SignatureDoesNotMatch", "AWS does not know these credentials", "Correct AWS_ACCESS_KEY"),
        (
            "AccessDenied",
            "no way",
            "Allow it in the IAM policy of these credentials: sts:GetCallerIdentity",
        ),
        ("RequestTimeTooSkewed", "the clocks differ too much", "Set this machine's clock"),
    ],
)
async def test_what_aws_refuses_is_told_in_words_with_what_to_do(
    look: Look, monkeypatch: pytest.MonkeyPatch, code: str, said: str, fix: str
) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("H", (_Refusing,), {"code": code}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
    try:
        found = await look("aws.credentials", **BACKUPS)
    finally:
        server.shutdown()
        server.server_close()
    status, detail, how = line(found["aws.credentials"])
    assert (status, detail) == ("error", f"AWS does not let these credentials in: {said}")
    assert how.startswith(fix)


async def test_a_topic_that_nobody_reads_or_that_is_gone_is_told(look: Look) -> None:
    with client("sns") as sns:
        arn = sns.create_topic(Name="alerts")["TopicArn"]
        found = await look("aws.topic", WABOT_ALERTS_SNS_TOPIC=arn)
        status, detail, fix = line(found["aws.topic"])
        assert (status, detail) == ("warning", f"nobody gets what {arn} is sent")
        assert fix.startswith(f"aws sns subscribe --topic-arn {arn} --protocol email")
        sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="ana@example.com")
        found = await look("aws.topic", WABOT_ALERTS_SNS_TOPIC=arn)
        assert line(found["aws.topic"])[:2] == ("ok", "1 get it")
        sns.delete_topic(TopicArn=arn)
        found = await look("aws.topic", WABOT_ALERTS_SNS_TOPIC=arn)
        assert found["aws.topic"].status == "error"
        assert "aws sns create-topic --name" in found["aws.topic"].fix


class _Metadata(BaseHTTPRequestHandler):
    """EC2's instance metadata, which gives nothing without a token of its own."""

    document: Mapping[str, str] = {}

    def do_PUT(self) -> None:
        self._answer(200 if self.path == "/latest/api/token" else 404, b"token")

    def do_GET(self) -> None:
        known = self.headers.get("X-aws-ec2-metadata-token") == "token"
        self._answer(200 if known else 401, json.dumps(self.document).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


async def test_on_ec2_the_instance_is_told_and_a_wrong_region_noticed(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    with client("ec2") as ec2:
        image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, InstanceType="t4g.small")
    document = {"instanceId": made["Instances"][0]["InstanceId"], "instanceType": "t4g.small",
                "region": REGION, "availabilityZone": f"{REGION}a"}  # fmt: skip
    handler = type("H", (_Metadata,), {"document": document})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    try:
        found = await look("aws.instance", "aws.region", **BACKUPS)
        where = f"{document['instanceId']}, t4g.small in {REGION}a"
        assert line(found["aws.instance"])[:2] == ("ok", f"{where}, running")
        assert line(found["aws.region"])[:2] == ("ok", REGION)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "sa-east-1")
        found = await look("aws.region", **BACKUPS)
        assert line(found["aws.region"])[:2] == (
            "warning",
            f"AWS_REGION is sa-east-1, this machine is in {REGION}",
        )
    finally:
        server.shutdown()
        server.server_close()


async def test_the_region_is_that_of_aws_region_as_other_tools_take_it(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "sa-east-1")
    assert (await look("aws.region", **BACKUPS))["aws.region"].detail == "sa-east-1"
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert (await look("aws.region", **BACKUPS))["aws.region"].detail == "sa-east-1"
    monkeypatch.delenv("AWS_REGION")
    assert line((await look("aws.region", **BACKUPS))["aws.credentials"]) == (
        "error",
        "AWS does not let these credentials in: no AWS region is set",
        "Set AWS_REGION in the environment, for example us-east-1.",
    )


async def test_a_server_refuses_to_start_for_its_bucket_and_for_nothing_that_can_wait(
    environment: dict[str, str], bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An open bucket, or one of backups that is gone, is told by alerts: no cause of an outage."""
    # The stand-in for AWS shares this process, and the machine may be busy with much else.
    monkeypatch.setattr(starting, "_PATIENCE", 60.0)
    urls = CentralUrls(
        environment["RUNTIME_DATABASE_URL"], embedded=False, owner=environment["DATABASE_URL"]
    )

    async def started(**env: str) -> list[Result]:
        found = examine_settings(environ=environment | env, env_file=tmp_path / "none.env")
        return await check_start(found, urls, skipped=("logs",))

    results = await started(WABOT_MEDIA="s3://backups", WABOT_BACKUPS="s3://nobodys")
    require_good(results)
    assert "aws.bucket_writable:WABOT_MEDIA" in {result.id for result in results}
    assert "aws.bucket_private:WABOT_MEDIA" not in {result.id for result in results}
    with pytest.raises(WabotError, match=r"does not start, for aws\.bucket:WABOT_MEDIA"):
        require_good(await started(WABOT_MEDIA="s3://nobodys"))
