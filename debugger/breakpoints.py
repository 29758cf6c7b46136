"""Breakpoints as the user knows them, apart from the sites they resolve to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from debugger.classes import Class, Picked
from debugger.locations import Resolved, Resolver
from vm.errors import UserError
from vm.stop import Site

_HIT_RULE = re.compile(r"^(==|>=|>|<|<=|%)?\s*(\d{1,18})$")


@dataclass(eq=False)
class Breakpoint:
    """One breakpoint. `hit_rule` is `N` or `==N`, `>=N`, `>N`, `<N`, `<=N`, or `%N`: every N-th hit."""

    id: int
    location: str
    enabled: bool = True
    temporary: bool = False
    condition: str = ""
    hit_rule: str = ""
    log: str = ""  # text to print instead of stopping; {expression} is filled in
    ignore: int = 0  # hits still to be passed over
    hits: int = 0
    resolved: tuple[Resolved, ...] = field(default=())

    @property
    def pending(self) -> bool:
        """Whether it stands nowhere yet."""
        return not self.resolved

    @property
    def moves(self) -> bool:
        """Whether its location is to be resolved anew."""
        return True

    @property
    def classes(self) -> frozenset[Class]:
        """Instructions that it stands at for what they are."""
        return frozenset()

    def stands_at(self, site: Site) -> bool:
        """Whether an instruction is one of its places."""
        return any(r.site == site for r in self.resolved)

    def counts(self) -> bool:
        """Counts a hit; whether it is one that neither `ignore` nor the hit rule passes over."""
        self.hits += 1
        if self.ignore > 0:
            self.ignore -= 1
            return False
        return self.rule_holds()

    def rule_holds(self) -> bool:
        """Whether the hit rule says to stop at the present number of hits."""
        m = _HIT_RULE.match(self.hit_rule)
        if m is None:
            return True
        wanted = int(m[2])
        match m[1]:
            case ">=":
                return self.hits >= wanted
            case ">":
                return self.hits > wanted
            case "<":
                return self.hits < wanted
            case "<=":
                return self.hits <= wanted
            case "%":
                return wanted > 0 and self.hits % wanted == 0
            case _:
                return self.hits == wanted


Made = TypeVar("Made", bound=Breakpoint)


class Breakpoints:
    """The list of breakpoints and watchpoints. Numbers are never given twice."""

    def __init__(self) -> None:
        self._all: dict[int, Breakpoint] = {}
        self._next = 1

    def __iter__(self) -> Iterator[Breakpoint]:
        return iter(self._all.values())

    def __len__(self) -> int:
        return len(self._all)

    def add(self, location: str, resolver: Resolver, **options: str | bool | int) -> Breakpoint:
        """A new breakpoint, pending when its location names nothing yet. Raises UserError for nonsense."""
        check_hit_rule(str(options.get("hit_rule", "")))
        made = Breakpoint(self._next, location, **options)  # type: ignore[arg-type]
        made.resolved = resolver.resolve(location)
        return self.take(made)

    @property
    def next_id(self) -> int:
        """The number that the next one gets."""
        return self._next

    def take(self, made: Made) -> Made:
        """Adds one that has the next number."""
        assert made.id == self._next
        self._all[made.id] = made
        self._next += 1
        return made

    def get(self, id_: int) -> Breakpoint:
        """A breakpoint by number. Raises UserError."""
        found = self._all.get(id_)
        if found is None:
            known = ", ".join(map(str, self._all)) or "none are set"
            raise UserError(f"there is no breakpoint {id_}", f"known: {known}")
        return found

    def delete(self, id_: int) -> None:
        """Raises UserError when there is none."""
        self.get(id_)
        del self._all[id_]

    def clear(self) -> None:
        self._all.clear()

    def resolve(self, resolver: Resolver) -> None:
        """Resolves all anew: after a restart, or when more code is there."""
        for breakpoint_ in self:
            if breakpoint_.moves:
                breakpoint_.resolved = resolver.resolve(breakpoint_.location)

    def sites(self) -> frozenset[Site]:
        """Sites of the enabled ones."""
        return frozenset(r.site for b in self if b.enabled for r in b.resolved)

    def picks(self) -> Picked | None:
        """Which instructions are places of some for what they are."""
        classes = frozenset(class_ for b in self if b.enabled for class_ in b.classes)
        return Picked(classes) if classes else None

    def at(self, site: Site) -> tuple[Breakpoint, ...]:
        """The enabled breakpoints that stand at a site."""
        return tuple(b for b in self if b.enabled and b.stands_at(site))


def check_hit_rule(rule: str) -> None:
    """Raises UserError for a hit rule that is none."""
    if rule and not _HIT_RULE.match(rule):
        raise UserError(f"{rule!r} is not a hit rule", "try 3, >=3 or %10")
