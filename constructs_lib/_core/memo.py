"""What jsii should not be asked twice."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Generic, TypeVar
from weakref import WeakKeyDictionary

import aws_cdk as cdk

if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs import IConstruct, Node

Made = TypeVar("Made")


def _once(ask: Callable[[IConstruct], Made]) -> Callable[[IConstruct], Made]:
    """Ask once an object: a message to another process and back is saved each further time."""
    answers: WeakKeyDictionary[IConstruct, Made] = WeakKeyDictionary()

    @wraps(ask)
    def answer(construct: IConstruct) -> Made:
        if construct not in answers:
            answers[construct] = ask(construct)
        return answers[construct]

    return answer


@_once
def node_of(construct: IConstruct) -> Node:
    """Find the node of a construct.

    Args:
        construct: The construct.

    Returns:
        Its node.
    """
    return construct.node


@_once
def stack_of(construct: IConstruct) -> cdk.Stack:
    """Find the stack that a construct is in.

    Args:
        construct: The construct.

    Returns:
        The nearest stack, which a stack is of itself.
    """
    return construct if isinstance(construct, cdk.Stack) else cdk.Stack.of(construct)


@_once
def _place_of(construct: IConstruct) -> tuple[IConstruct, str]:
    """The app of a construct, and the construct's address in it."""
    node = node_of(construct)
    return node.root, node.addr


def address_of(construct: IConstruct) -> str:
    """Find the address of a construct, which no other of its app has.

    Args:
        construct: The construct.

    Returns:
        The address.
    """
    return _place_of(construct)[1]


def root_of(construct: IConstruct) -> IConstruct:
    """Find the app of a construct.

    Args:
        construct: The construct.

    Returns:
        The root of its tree.
    """
    return _place_of(construct)[0]


class Memo(Generic[Made]):
    """One thing for each construct, whatever Python object stands for the construct.

    jsii may hand out a fresh object for the same construct, so what an object is not found by is looked for by the
    construct's address in its app.
    """

    def __init__(self) -> None:
        self._by_object: WeakKeyDictionary[IConstruct, Made] = WeakKeyDictionary()
        # The app is kept with what was made, so that no other app takes its place in memory.
        self._by_address: dict[tuple[int, str], tuple[IConstruct, Made]] = {}

    def of(self, construct: IConstruct, make: Callable[[], Made]) -> Made:
        """Find what was made for a construct, or make it.

        Args:
            construct: The construct.
            make: Called the first time.

        Returns:
            The same each time.
        """
        if construct not in self._by_object:
            app, own = _place_of(construct)
            address = id(app), own
            if address not in self._by_address:
                self._by_address[address] = app, make()
            self._by_object[construct] = self._by_address[address][1]
        return self._by_object[construct]
