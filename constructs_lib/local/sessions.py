"""boto3 sessions of a local AWS that read nothing of the user's AWS settings: no files, no profile, no variables."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

import boto3
import botocore.loaders
import botocore.session
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES, ConfigValueStore, ConstantProvider

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs_lib.local.endpoint import Endpoint


@functools.cache
def _loader() -> botocore.loaders.Loader:
    """Reads the models of the services, which takes most of a session's time: shared, and only what boto3 brings."""
    own = botocore.loaders.Loader.BUILTIN_DATA_PATH
    return botocore.loaders.Loader(extra_search_paths=[own], include_default_search_paths=False)


def _core(region: str) -> botocore.session.Session:
    """A session of botocore where each setting has its default, whatever the environment or a file says."""
    defaults = {name: variable[2] for name, variable in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()}
    defaults |= {"region": region, "config_file": os.devnull, "credentials_file": os.devnull}
    core = botocore.session.Session()
    constants = {name: ConstantProvider(value=value) for name, value in defaults.items()}
    core.register_component("config_store", ConfigValueStore(mapping=constants))
    core.register_component("data_loader", _loader())
    return core


class LocalSession(boto3.Session):
    """A session whose clients talk to a local AWS, whatever the environment says.

    Args:
        endpoint: The local AWS.
        keys: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, and `AWS_SESSION_TOKEN` if there is one.
    """

    def __init__(self, endpoint: Endpoint, keys: Mapping[str, str]) -> None:
        super().__init__(
            keys["AWS_ACCESS_KEY_ID"],
            keys["AWS_SECRET_ACCESS_KEY"],
            keys.get("AWS_SESSION_TOKEN"),
            region_name=endpoint.region,
            botocore_session=_core(endpoint.region),
        )
        self._options = {"endpoint_url": endpoint.url, "verify": str(endpoint.ca_bundle)}

    def client(self, service_name: str, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        """A client; the options are those of boto3, and win."""
        config = Config(s3={"addressing_style": "path"}, proxies={}).merge(options.pop("config", None) or Config())
        given = {name: value for name, value in options.items() if value is not None}
        create: Any = super().client
        return create(service_name, *arguments, **{**self._options, **given, "config": config})
