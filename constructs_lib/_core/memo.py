"""What jsii should not be asked twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs import IConstruct

Made = TypeVar("Made")


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
            node = construct.node
            app = node.root
            address = id(app), node.addr
            if address not in self._by_address:
                self._by_address[address] = app, make()
            self._by_object[construct] = self._by_address[address][1]
        return self._by_object[construct]
