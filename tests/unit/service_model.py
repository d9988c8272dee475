"""What the service's own model accepts, judged by botocore and by the patterns, enums and lengths it leaves out."""

import functools

import botocore.session
import regex
from botocore.validate import ParamValidator


@functools.cache
def shape_at(path):
    """Find a shape of the request by its path, such as `InputDataConfig.S3Uri`; `[]` means a member of a list."""
    service = botocore.session.get_session().get_service_model("comprehend")
    shape = service.operation_model("StartDocumentClassificationJob").input_shape
    for name in path.split("."):
        shape = shape.members[name.removesuffix("[]")]
        if name.endswith("[]"):
            shape = shape.member
    return shape


def accepts(path, value):
    """Say whether the model accepts a value at a path of the request."""
    shape = shape_at(path)
    if ParamValidator().validate(value, shape).has_errors():
        return False
    return _accepts(shape, value)


def _accepts(shape, value):
    limits = shape.metadata
    if hasattr(value, "__len__") and not limits.get("min", 0) <= len(value) <= limits.get("max", len(value)):
        return False
    if shape.type_name == "list":
        return all(_accepts(shape.member, member) for member in value)
    if shape.type_name == "string":
        pattern = limits.get("pattern")
        return (not shape.enum or value in shape.enum) and (not pattern or bool(regex.fullmatch(pattern, value)))
    return True
