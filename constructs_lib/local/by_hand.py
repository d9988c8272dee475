"""A local AWS used by hand: what another terminal sources, and the short commands in it."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from constructs_lib.local import data, toolchain
from constructs_lib.local.clients import Clients
from constructs_lib.local.endpoint import Endpoint
from constructs_lib.local.local_errors import LocalAwsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs_lib.local.aws import LocalAws

# Given to every command of the CDK CLI; those that know more options have them in the script.
# What the user gives is not given once more, which the CLI refuses.
# The CLI's own --all leaves out the stacks of stages, as does naming none.
_CDK = """\
#!/bin/sh
for word; do
  shift
  if [ "$word" = --all ]; then set -- "$@" '**'; else set -- "$@" "$word"; fi
done
case "$*" in
  diff) set -- diff '**' ;;
esac
lacks() {{
  for option; do
    case " $words " in *" $option "*|*" $option="*) return 1 ;; esac
  done
}}
words=$*
command=$1
case "$command" in
  deploy)
    shift
    if lacks --method -m --execute --no-execute --change-set-name; then set -- --method direct "$@"; fi
    if lacks --require-approval; then set -- --require-approval never "$@"; fi
    set -- deploy "$@" ;;
  destroy) if lacks --force --no-force -f; then shift; set -- destroy --force "$@"; fi ;;
esac
if lacks --notices --no-notices; then set -- "$@" --no-notices; fi
exec {node} {cdk} "$@"{context}
"""
# None of the user's own settings, which point elsewhere.
_FORGET = r"""for _name in $(env | sed -n 's/^\(AWS_[A-Z0-9_]*\)=.*/\1/p; s/^\(CDK_[A-Z0-9_]*\)=.*/\1/p'); do
  unset "$_name"
done"""
_OWN = """\
#!/bin/sh
exec {python} -m constructs_lib.local {command} "$@"
"""


def write_activation(aws: LocalAws, context: Mapping[str, str]) -> Path:
    """Write the file that a terminal sources to use a local AWS.

    Args:
        aws: A started local AWS; what is written goes when it stops.
        context: Context values that `cdk` gives to every app.

    Returns:
        The file: it sets the environment and puts `cdk`, `upload` and `predictions` on PATH.
    """
    programs = aws.directory / "bin"
    programs.mkdir()
    cdk = _CDK.format(
        node=shlex.quote(str(toolchain.node_binary())),
        cdk=shlex.quote(str(toolchain.cdk_program())),
        context="".join(f" -c {shlex.quote(f'{name}={value}')}" for name, value in context.items()),
    )
    scripts = {"cdk": cdk}
    for command in ("upload", "predictions"):
        scripts[command] = _OWN.format(python=shlex.quote(sys.executable), command=command)
    for name, text in scripts.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o700)
    path = os.pathsep.join(map(str, (programs, toolchain.node_home() / "bin", Path(sys.executable).parent)))
    variables = {
        **aws.environment(),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "CDK_HOME": str(aws.directory / "cdk-home"),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "LOCAL_AWS_ACCOUNT": aws.account,
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    lines = [_FORGET]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    lines.append(f'export PATH={shlex.quote(path)}:"$PATH"')
    file = aws.directory / "activate"
    file.write_text("\n".join(lines) + "\n")
    return file


def upload(documents: Path, uri: str | None) -> str:
    """Upload documents to the local AWS of this terminal.

    Args:
        documents: A file, or a folder whose files are the documents.
        uri: Where to; default: the one stack output `DocumentsUri`.

    Returns:
        Where they are now.
    """
    if uri and not re.fullmatch(r"s3://[^/]+/.*", uri):
        raise LocalAwsError(f"{uri!r} is no place for documents. Say where to: upload PATH s3://bucket/prefix/")
    clients = _clients()
    uri = uri or _documents_uri(clients)
    data.upload(clients.client("s3"), documents, uri)
    return uri


def output_of(job_id: str | None) -> str:
    """Where the local AWS of this terminal keeps what a job found.

    Args:
        job_id: The job; default: the newest that is completed.

    Returns:
        The URI in S3.
    """
    clients = _clients()
    pages = clients.client("comprehend").get_paginator("list_document_classification_jobs").paginate()
    jobs = [job for page in pages for job in page["DocumentClassificationJobPropertiesList"]]
    done = [job for job in jobs if job["JobStatus"] == "COMPLETED" and job_id in {None, job["JobId"]}]
    if not done:
        known = ", ".join(f"{job['JobId']} {job['JobStatus']}" for job in jobs) or "none"
        raise LocalAwsError(f"There is no completed job{f' {job_id}' if job_id else ''}. Jobs: {known}.")
    return str(done[0]["OutputDataConfig"]["S3Uri"])


def _clients() -> Clients:
    names = ("AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "LOCAL_AWS_ACCOUNT", "AWS_REGION")
    url, ca_bundle, account, region = (os.environ.get(name, "") for name in names)
    if not account or not Path(ca_bundle).is_file():
        raise LocalAwsError(
            "This terminal knows no running local AWS. Start one (python -m constructs_lib.local start), "
            "and source the file that it names."
        )
    keys = {name: os.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    return Clients(Endpoint(url, Path(ca_bundle), account, region, keys))


def _documents_uri(clients: Clients) -> str:
    stacks: list[dict[str, Any]] = clients.client("cloudformation").describe_stacks()["Stacks"]
    outputs = [output for stack in stacks for output in stack.get("Outputs", [])]
    found = [output["OutputValue"] for output in outputs if "DocumentsUri" in output["OutputKey"]]
    if len(found) != 1:
        raise LocalAwsError(
            f"There {'is no stack output' if not found else 'are several stack outputs'} DocumentsUri"
            f"{f': {chr(44).join(found)}' if found else ''}. Say where to: upload PATH s3://bucket/prefix/"
        )
    return str(found[0])
