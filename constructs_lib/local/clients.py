"""boto3 clients of a local AWS, and the users that they act as."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

from constructs_lib.local.sessions import LocalSession

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs_lib.local.endpoint import Endpoint

_DEPLOYER_POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/cdk-*"}],
}


class Clients:
    """The clients of one local AWS, each made once."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._made: dict[tuple[str, str], Any] = {}

    def session(self, credentials: Mapping[str, str] | None = None) -> LocalSession:
        """A session of boto3, as the root user or as somebody else."""
        return LocalSession(self._endpoint, credentials or self._endpoint.root)

    def client(self, service: str, credentials: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 - a boto3 client
        """A client of a service, as the root user or as somebody else."""
        known = (service, (credentials or self._endpoint.root)["AWS_ACCESS_KEY_ID"])
        if known not in self._made:
            create: Any = self.session(credentials).client
            self._made[known] = create(service)
        return self._made[known]

    @functools.cached_property
    def deployer(self) -> dict[str, str]:
        """Credentials of an IAM user who may only assume the bootstrap's roles, as a careful team would deploy."""
        iam = self.client("iam")
        iam.create_user(UserName="deployer")
        iam.put_user_policy(
            UserName="deployer", PolicyName="assume-cdk-roles", PolicyDocument=json.dumps(_DEPLOYER_POLICY)
        )
        key = iam.create_access_key(UserName="deployer")["AccessKey"]
        return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}

    def close(self) -> None:
        """Close every client."""
        made, self._made = self._made, {}
        for client in made.values():
            client.close()
