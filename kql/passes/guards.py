"""What conditions say of a row's neighbours in its order: whether those are in the row's own group of equal sort keys.

Rows sorted by `User, Time` stand in groups of one user. `User == prev(User)` is true for a row exactly if the row before it is
in its group, and then every window that looks one row back stays within the group.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from kql.algebra import Call, ColumnRef, Literal, Logical, Not, SortKey, Value, Window
from kql.types import ScalarType

Reach = tuple[int, int]  # how many rows before and after a row are sure to be in its group, if they are there
NOWHERE: Reach = (0, 0)

_SIDES = {"prev": -1, "next": 1}


class Groups(Struct, frozen=True):
    """The groups of equal values of the first sort keys.

    Beyond the ends of the rows a neighbour's key is empty: '' or null. Only in the group of empty keys could that be taken for
    a neighbour in the group; `first` and `last` tell that no such group can have rows of others before, or after it.
    """

    keys: tuple[ColumnRef, ...]
    first: bool
    last: bool

    @classmethod
    def of(cls, sorted_by: Sequence[SortKey]) -> Groups | None:
        """The groups that these sort keys make; None where rows may be equal by `==` and not by their place, or vice versa."""
        keys = tuple(key.value for key in sorted_by if isinstance(key.value, ColumnRef) and key.value.type not in _UNLIKE)
        if len(keys) < len(sorted_by):
            return None
        never = any(key.type is not ScalarType.STRING and not key.nullable for key in keys)
        texts = [key.type is ScalarType.STRING for key in keys]
        at_first = [not key.descending if text else key.nulls_first for key, text in zip(sorted_by, texts, strict=True)]
        return cls(keys, never or all(at_first), never or not any(at_first))

    def steps(self, value: Value, positive: bool) -> set[int]:
        """The neighbours, by their distance (negative: before), that are in the group wherever a condition is not false.

        With `positive` unset: wherever it is not true. Elsewhere the condition is false (true), even if neighbours in other
        groups are not seen.
        """
        return {step for step, names in self._compared(value, positive).items() if names == set(self._names) and self._told(step)}

    def begins(self, value: Value, positive: bool) -> bool:
        """Whether a condition compares the keys with those of the row before; in a group of empty keys its first row may err."""
        return -1 in replace(self, first=True).steps(value, positive)

    def reach(self, value: Value, positive: bool) -> Reach:
        """How far the neighbours are in the group wherever a condition is not false (not true), its parts considered."""
        if isinstance(value, Not):
            return self.reach(value.arg, not positive)
        found = within(self.steps(value, positive))
        parts = flat(value, "and" if positive else "or")
        for part in parts if len(parts) > 1 else ():
            found = farther(found, self.reach(part, positive))
        return found

    def rest(self, value: Value, positive: bool, step: int) -> list[Value]:
        """The parts of a condition that do not compare the keys with those of this neighbour."""
        found = [(part, self._comparison(part, "==" if positive else "!=")) for part in flat(value, "and" if positive else "or")]
        return [part for part, compared in found if compared is None or compared[1] != step]

    @property
    def _names(self) -> list[str]:
        return [key.name for key in self.keys]

    def _told(self, step: int) -> bool:
        return self.first if step < 0 else self.last

    def _compared(self, value: Value, positive: bool) -> dict[int, set[str]]:
        found: defaultdict[int, set[str]] = defaultdict(set)
        for part in flat(value, "and" if positive else "or"):
            if compared := self._comparison(part, "==" if positive else "!="):
                found[compared[1]].add(compared[0])
        return found

    def _comparison(self, value: Value, sign: str) -> tuple[str, int] | None:
        """The key that is compared with a neighbour's, and which neighbour."""
        if not (isinstance(value, Call) and value.function.name == sign):
            return None
        for key, other in (value.args, value.args[::-1]):
            if isinstance(key, ColumnRef) and key.name in self._names and isinstance(other, Window) and len(other.call.args) < 3:
                step, read = neighbour(other), other.call.args[:1]
                if step and isinstance(read[0], ColumnRef) and read[0].name == key.name:
                    return key.name, step
        return None


# NaN is not equal to itself, and dynamics have no order.
_UNLIKE = (ScalarType.REAL, ScalarType.DYNAMIC)


def neighbour(window: Window) -> int:
    """The distance of the row that prev or next reads, negative before; 0 for any other window."""
    side = 0 if window.partition or window.order else _SIDES.get(window.call.function.name, 0)
    offset = window.call.args[1] if len(window.call.args) > 1 else Literal(1, ScalarType.LONG)
    return side * offset.value if isinstance(offset, Literal) and isinstance(offset.value, int) and offset.value > 0 else 0


def blank(value: Value) -> bool:
    """Whether a value is null where no row stands before, whatever else there is."""
    match value:
        case _ if value.type is ScalarType.STRING:  # a text is never null
            return False
        case Window():
            return neighbour(value) < 0 and len(value.call.args) < 3
        case Call():
            return value.function.nulls == "strict" and not value.function.one_null and any(map(blank, value.args))
        case _:
            return isinstance(value, Literal) and value.nullable


def untrue(condition: Value) -> bool:
    """Whether a condition is not true where no row stands before."""
    return any(map(blank, flat(condition, "and")))


def flat(value: Value, op: str) -> list[Value]:
    """The operands of and / or, those of the same inside it too; any other value stands for itself."""
    if isinstance(value, Logical) and value.op == op:
        return [part for arg in value.args for part in flat(arg, op)]
    return [value]


def within(steps: set[int]) -> Reach:
    return max((-step for step in steps if step < 0), default=0), max((step for step in steps if step > 0), default=0)


def farther(one: Reach, other: Reach) -> Reach:
    return max(one[0], other[0]), max(one[1], other[1])
