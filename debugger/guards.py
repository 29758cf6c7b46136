"""What is decided about breakpoints while the program goes on: conditions, hits to pass over, hit rules."""

from __future__ import annotations

from collections.abc import Mapping

from debugger.breakpoints import Breakpoint, Breakpoints
from debugger.expression.guard import guard
from debugger.inspect import Inspector
from vm.machine import Machine
from vm.stop import Guard, Site


class Guards:
    """Guards of breakpoints, for one machine."""

    def __init__(self, machine: Machine, inspect: Inspector) -> None:
        self._machine, self._inspect = machine, inspect
        self._conditions: dict[tuple[str, Site], Guard | None] = {}
        self._made: dict[tuple[int, str, Site], Guard] = {}

    def of(self, breakpoints: Breakpoints) -> Mapping[Site, Guard]:
        """By site, where one breakpoint alone stands and a guard can decide."""
        standing: dict[Site, list[Breakpoint]] = {}
        for breakpoint_ in breakpoints:
            if breakpoint_.enabled:
                for resolved in breakpoint_.resolved:
                    standing.setdefault(resolved.site, []).append(breakpoint_)
        alone = ((site, found[0]) for site, found in standing.items() if len(found) == 1)
        guards = ((site, self._guard(breakpoint_, site)) for site, breakpoint_ in alone)
        return {site: made for site, made in guards if made is not None}

    def conditions(self, breakpoints: Breakpoints) -> Mapping[Site, Guard] | None:
        """What says where conditions are false, without counting hits; None when the evaluator has to."""
        standing: dict[Site, list[Guard | None]] = {}
        for breakpoint_ in breakpoints:
            for resolved in breakpoint_.resolved if breakpoint_.enabled else ():
                made = self._condition(breakpoint_.condition, resolved.site)
                if breakpoint_.condition and made is None:
                    return None
                standing.setdefault(resolved.site, []).append(made)
        return {site: _any([g for g in found if g]) for site, found in standing.items() if None not in found}

    def _guard(self, breakpoint_: Breakpoint, site: Site) -> Guard | None:
        condition = self._condition(breakpoint_.condition, site)
        if breakpoint_.condition and condition is None:
            return None
        if not (breakpoint_.condition or breakpoint_.ignore or breakpoint_.hit_rule):
            return None
        key = (breakpoint_.id, breakpoint_.condition, site)
        if key not in self._made:
            self._made[key] = _passing(breakpoint_, condition)
        return self._made[key]

    def _condition(self, text: str, site: Site) -> Guard | None:
        if not text:
            return None
        key = (text, site)
        if key not in self._conditions:
            self._conditions[key] = guard(text, self._machine, self._inspect, site)
        return self._conditions[key]


def _any(guards: list[Guard]) -> Guard:
    return lambda frame: any(guard(frame) for guard in guards)


def _passing(breakpoint_: Breakpoint, condition: Guard | None) -> Guard:
    """Counts the hits that are passed over; one that may stop is left to be counted where it is judged."""

    def decide(frame: memoryview) -> bool:
        if condition is not None and not condition(frame):
            return False
        if not breakpoint_.counts():
            return False
        breakpoint_.hits -= 1
        return True

    return decide
