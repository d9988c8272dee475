"""The class of values that only their own methods make."""

from __future__ import annotations

from typing import Any, NoReturn, TypeVar

from constructs_lib.errors import ValidationError

Made = TypeVar("Made")


class MadeByMethods(type):
    """Metaclass of values that cannot be put together wrongly, because nobody calls their constructor."""

    def __call__(cls, *_: object, **__: object) -> NoReturn:
        """Refuse.

        Raises:
            ValidationError: Always; it names the methods.
        """
        methods = [name for name, member in vars(cls).items() if isinstance(member, classmethod) and name[0] != "_"]
        raise ValidationError([f"it is made by its methods only; use {' or '.join(methods)}"], cls.__name__)

    def _make(cls: type[Made], **fields: Any) -> Made:  # noqa: ANN401 - the dataclass knows its fields
        return type.__call__(cls, **fields)  # type: ignore[no-any-return]
