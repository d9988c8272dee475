"""The service's own clock, as its answers tell it."""

from email.utils import parsedate_to_datetime
from typing import Any

CLOCKS = 10  # seconds by which the clocks of function, CloudFormation and Comprehend may differ


def service_time(answer: Any, otherwise: float) -> float:
    """When the service gave an answer, on its clock; the given moment where it does not say."""
    header = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    try:
        return parsedate_to_datetime(header).timestamp()
    except (TypeError, ValueError):
        return otherwise
