"""What was, as lines: values over time, differences between two moments, named moments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

from debugger.differences import Difference
from debugger.over_time import Moments
from ui.render.line import Line, Part, Role, columns, line, note
from vm.control import Record
from vm.types import Tick

_MOST_DIFFERENCES = 200


def moments(found: Moments, where: Callable[[Record], str]) -> Iterator[Line]:
    """A row a value: since which tick, the value, and the instruction that made it."""
    rows: list[list[Part]] = [
        [(f"{each.tick:,}", Role.NUMBER), (each.text, Role.CHANGED),
         (f"by {where(each.record)}" if each.record is not None else "as it was then", Role.COMMENT)]
        for each in found.found
    ]  # fmt: skip
    if not found.is_all:
        yield note("… earlier values: history/N EXPR shows the last N")
    yield from columns(rows, ("tick", "value", "made"), right=(0,))


def span(first: Tick, last: Tick) -> Line:
    """When a condition held."""
    return line("first at tick ", (f"{first:,}", Role.NUMBER), ", last at tick ", (f"{last:,}", Role.NUMBER))


def differences(found: Sequence[Difference], one: Tick, other: Tick) -> Iterator[Line]:
    """A row a thing that differs, and how many bytes in all."""
    if not found:
        yield note(f"nothing differs between ticks {one:,} and {other:,}")
        return
    rows: list[list[Part]] = [
        [(each.where, Role.NAME), (f"{each.size:,} B" if each.size else "", Role.DIM), each.before, "→",
         (each.after, Role.CHANGED)]
        for each in islice(found, _MOST_DIFFERENCES)
    ]  # fmt: skip
    yield from columns(rows, right=(1,))
    if len(found) > _MOST_DIFFERENCES:
        yield note(f"… {len(found) - _MOST_DIFFERENCES:,} more")
    yield note(f"{sum(each.size for each in found):,} bytes of memory and structures differ")


def bookmarks(named: Mapping[str, Tick]) -> list[Line]:
    """A row a named moment, by time."""
    rows: list[list[Part]] = [
        [(name, Role.NAME), f"tick {tick:,}"] for name, tick in sorted(named.items(), key=lambda item: item[1])
    ]
    return columns(rows)
