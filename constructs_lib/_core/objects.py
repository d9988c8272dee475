"""Telling objects of the CDK apart without asking jsii for their values."""

from __future__ import annotations

from typing import TypeGuard


def is_text(value: object) -> TypeGuard[str]:
    """Say whether a value is text, as its type hint promises.

    Args:
        value: Anything.

    Returns:
        True for text.
    """
    return isinstance(value, str)


def given_or(value: object, name: str) -> object:
    """Keep None, where it is no choice, from passing for a choice that was not made.

    Args:
        value: What was given.
        name: What a problem calls it when it is None.

    Returns:
        The value, or the name.
    """
    return name if value is None else value


def offers(value: object, *attributes: str) -> bool:
    """Say whether a value is an object that has some attributes.

    What the CDK imports has no class of its own to ask for, only the interfaces that it stands for.

    Args:
        value: Anything.
        attributes: Names of properties or methods.

    Returns:
        True when all of them are there.
    """
    kinds = [type(part) for part in getattr(value, "_delegates", (value,))]
    return all(any(hasattr(kind, attribute) for kind in kinds) for attribute in attributes)


def may_stand_for(value: object, interface: type) -> bool:
    """Say whether a value may be what an interface of the CDK stands for, where attributes do not tell.

    Args:
        value: Anything.
        interface: The interface.

    Returns:
        False when the value's class says what it is, and that is something else.
    """
    declared = getattr(type(value), "__jsii_ifaces__", ())
    return not declared or any(interface in each.__mro__ for each in declared)
