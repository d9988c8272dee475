"""Places in S3: buckets, key prefixes, and the URIs that they make."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast
from zlib import crc32

from constructs_lib._core.buckets import BucketFacts
from constructs_lib._core.environment_checks import check_region
from constructs_lib._core.objects import offers
from constructs_lib._core.tokens import is_known, is_pending
from constructs_lib.errors import problem

if TYPE_CHECKING:
    from aws_cdk.aws_s3 import IBucket

    from constructs_lib._core.arns import Environment

# Of the service's model, with which a test compares them.
S3_URI = re.compile(r"s3://[a-z0-9][\.\-a-z0-9]{1,61}[a-z0-9](/.*)?")
S3_URI_LENGTH = 1024

# Amazon S3 User Guide, "Naming Amazon S3 objects" and "General purpose bucket naming rules".
KEY_BYTES = 1024
BUCKET_NAME_LENGTH = (3, 63)
# IAM User Guide, "IAM and AWS STS quotas": a policy holds no character beyond this one.
LAST_IAM_CHARACTER = "\u00ff"

# Same pages: what looks like a name, but is none of a general purpose bucket; the CDK takes no hyphen beside a dot.
_NO_BUCKET = re.compile(r"(xn--|sthree-|amzn-s3-demo-).*|.*(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)")
_NO_NAME = re.compile(r"\d+(\.\d+){3}|.*(\.\.|-\.|\.-).*")

ACCESS_POINT = re.compile(r":accesspoint[/:]|:outpost[/:]")

# Written with one slash, or as a host alone, they are meant all the same.
_SCHEME = re.compile(
    r"\s*([a-z][a-z0-9+.-]*://|(s3[an]?|https?):/|arn:|([a-z0-9.-]+\.)?s3[a-z0-9.-]*\.amazonaws\.com)", re.IGNORECASE
)
_URI = re.compile(r"s3://([^/]*)(?:/(.*))?", re.IGNORECASE | re.DOTALL)
_ANOTHER_URI = re.compile(r"s3://", re.IGNORECASE)


def split_uri(uri: str) -> tuple[str, str] | None:
    """Split a URI of S3.

    Args:
        uri: The text; tokens may stand for the bucket, for the prefix, or in them.

    Returns:
        Bucket and prefix, or None when it is no such URI.
    """
    if is_pending(uri):  # Two look-ups are two places, neither of which is a whole bucket.
        return f"pending-look-up-{crc32(uri.encode()):08x}", "pending/"
    parts = _URI.fullmatch(uri)
    return (parts[1], parts[2] or "") if parts and parts[1] else None


def check_uri(option: str, uri: object) -> list[str]:
    """Check a URI and what it names.

    Args:
        option: The option that has it.
        uri: Anything.

    Returns:
        Problems.
    """
    allowed = "s3://<bucket>/<prefix>"
    if isinstance(uri, str) and (parts := split_uri(uri)):
        name, prefix = parts
        return check_bucket_name(option, name) + check_prefix(option, prefix, name)
    if isinstance(uri, str) and not is_known(uri):
        return [
            problem(
                option,
                "a URI that is not known at synthesis",
                allowed,
                "only the deployment can split it; pass bucket and prefix apart, with from_bucket or to_bucket and "
                "s3.Bucket.from_bucket_name",
            )
        ]
    return [problem(option, uri, allowed, "write it so; URLs, ARNs and access points are not taken")]


def check_bucket(option: str, bucket: object, prefix: object, environment: Environment) -> list[str]:
    """Check a bucket and a prefix in it.

    Args:
        option: The option that has them.
        bucket: Anything.
        prefix: Anything.
        environment: Where the job runs.

    Returns:
        Problems.
    """
    if not offers(bucket, "bucket_arn", "bucket_name"):
        found = [problem(option, bucket, "an s3.Bucket", "pass the bucket, or use the method that takes a URI")]
        return found + check_prefix(option, prefix, None)
    facts = BucketFacts.of(cast("IBucket", bucket))
    if ACCESS_POINT.search(facts.arn):
        advice = "the service takes no access point; import the bucket behind it"
        return [problem(option, facts.arn, "a bucket", advice)]
    name = facts.name if is_known(facts.name) else None
    found = check_bucket_name(option, facts.name)
    found += check_prefix(option, prefix, name)
    found += check_region(option, f"a bucket in {facts.region}", facts.region, environment)
    return found


def check_bucket_name(option: str, name: str) -> list[str]:
    """Check the name of a bucket.

    Args:
        option: The option that has it.
        name: The name.

    Returns:
        Problems.
    """
    if not is_known(name):
        return []
    shortest, longest = BUCKET_NAME_LENGTH
    wrong = sorted(set(re.sub(r"[a-z0-9.-]", "", name)))
    if "/" in name or ":" in name:
        advice = "this names no bucket; an access point cannot be used, import the bucket behind it"
    elif wrong:
        advice = f"the service takes no bucket with {', '.join(map(repr, wrong))} in its name; use another bucket"
    elif not shortest <= len(name) <= longest:
        advice = f"this one has {len(name)} characters"
    elif not S3_URI.fullmatch(f"s3://{name}"):
        advice = "this one begins or ends with a dot or a hyphen"
    elif _NO_NAME.fullmatch(name):
        advice = "two dots in a row, a hyphen beside a dot and IP addresses are no names"
    elif _NO_BUCKET.fullmatch(name):
        advice = (
            "S3 keeps such names for access points, other kinds of buckets and examples; use the name of the bucket "
            "itself"
        )
    else:
        return []
    allowed = f"a bucket name of {shortest} to {longest} lower-case letters, digits, dots and hyphens"
    return [problem(option, name, allowed, advice)]


def check_prefix(option: str, prefix: object, bucket_name: str | None) -> list[str]:
    """Check an S3 prefix, and the URI that it makes with its bucket.

    Args:
        option: The option that has it.
        prefix: Anything.
        bucket_name: The bucket's name, if it is known.

    Returns:
        Problems.
    """
    if not isinstance(prefix, str):
        return [problem(option, prefix, "a key prefix as text", "pass '' for the whole bucket; None is no prefix")]
    if not is_known(prefix):
        return []
    if _SCHEME.match(prefix):
        return [
            problem(
                option,
                prefix,
                "a key prefix",
                "leave out the bucket: it is an argument of its own; or use the method that takes a URI",
            )
        ]
    if _ANOTHER_URI.search(prefix):
        return [problem(option, prefix, "one prefix", "a job reads one prefix; make a job for each")]
    # The shortest bucket name stands for an unknown one, so that a prefix that fits no bucket is found all the same.
    uri = f"s3://{bucket_name or 'abc'}/{prefix}"
    rules = [
        (
            prefix.startswith("/"),
            "a key prefix that does not begin with a slash",
            f"write {prefix.lstrip('/')!r}",
        ),
        (not prefix.isprintable(), "printable characters on one line", "take out the others"),
        (
            prefix.isprintable() and any(character > LAST_IAM_CHARACTER for character in prefix),
            "characters up to U+00FF",
            "IAM takes no others in a policy; use a shorter prefix that ends before them, or rename the objects",
        ),
        ("*" in prefix or "${" in prefix, "a key prefix, not a pattern", "leave out * and ${"),
        (
            len(prefix.encode(errors="replace")) > KEY_BYTES and len(uri) <= S3_URI_LENGTH,
            f"at most {KEY_BYTES} bytes of UTF-8",
            "shorten the prefix",
        ),
        (len(uri) > S3_URI_LENGTH, f"a URI of at most {S3_URI_LENGTH} characters", "shorten the prefix"),
    ]
    return [problem(option, prefix, allowed, advice) for is_broken, allowed, advice in rules if is_broken]
