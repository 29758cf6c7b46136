"""Values over time: when something changed, when a condition held, and who wrote what, from the recording."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from debugger.classes import Class, Picked
from debugger.dwarf.info import DebugInfo
from debugger.expression.evaluate import Evaluator
from debugger.history import History
from debugger.inspect import Frame, Inspector
from debugger.places import Places, places_of
from debugger.visits import Met, cut, each, noted, stretches
from vm.control import Record
from vm.errors import UserError
from vm.instance import Instance
from vm.machine import Machine
from vm.stop import Guard, Hooks, Site
from vm.types import SLOT_BYTES, Tick

_MOST_LOOKED_AT = 20_000  # writes of one stretch between checkpoints
NOT_THERE = "not there"

Looked = tuple[frozenset[Site], Hooks]


@dataclass(frozen=True, slots=True)
class Moment:
    """A value as an instruction left it. `tick` is the first at which it is so; `record` of the instruction, None for
    what was so from the beginning."""

    tick: Tick
    text: str
    record: Record | None


@dataclass(frozen=True, slots=True)
class Moments:
    """Values in the order of time. `is_all`: there were no earlier ones."""

    found: tuple[Moment, ...]
    is_all: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """An expression as it is meant in a frame, the `number`-th from the outermost; None: without one."""

    text: str
    instance: Instance
    number: int
    frame: Record | None
    info: DebugInfo | None


@dataclass(frozen=True)
class OverTime:
    """Questions about the recording up to now. They move the machine: see `History.excursion`."""

    machine: Machine
    inspect: Inspector
    history: History

    def asked(self, text: str, instance: Instance, frame: Frame | None, info: DebugInfo | None = None) -> Asked:
        """An expression in a frame of now; `info` lets it name variables of the source."""
        if frame is None:
            return Asked(text, instance, 0, None, info)
        return Asked(text, instance, self.machine.control.depth - 1 - frame.number, frame.record, info)

    # -- values ----------------------------------------------------------------------------------

    def changes(self, asked: Asked, most: int) -> Moments:
        """The last `most` changes of a value. Raises UserError."""
        places, now = self._places(asked), self.machine.tick
        found: list[Moment] = []
        if places.ticks:
            raise UserError("tick changes with every instruction", f"when {asked.text} says when it holds")
        looked, since = self._looked(asked, places), self._since(places)
        for start, end in stretches(self.history, now, since):
            hits = 1 if places.may_move else noted(self.history, start, end, *looked()).hits
            self.history.back_to(start)
            first = Moment(start, self._shown(asked), None)
            if hits:
                met = each(self.machine, self.history, end, looked, max(0, hits - _MOST_LOOKED_AT))
                found = [*self._changes_in(asked, met, first.text if hits <= _MOST_LOOKED_AT else None), *found]
            if len(found) > most:
                return Moments(tuple(found[-most:]), is_all=False)
            if start == since or start == self.history.first_tick:
                found.insert(0, first)
        return Moments(tuple(found) or (Moment(now, self._shown(asked), None),), is_all=True)

    def _changes_in(self, asked: Asked, met: Iterator[Met], before: str | None) -> Iterator[Moment]:
        for each_ in met:
            text = self._shown(asked)
            if before is not None and text != before:
                yield Moment(Tick(each_.tick + 1), text, each_.record)
            before = text

    def _shown(self, asked: Asked) -> str:
        try:
            return self._evaluator(asked).show(asked.text)
        except UserError as error:
            is_gone = asked.frame is not None and self._frame(asked) is None
            return NOT_THERE if is_gone else f"<{error.text}>"

    # -- conditions ------------------------------------------------------------------------------

    def holds(self, asked: Asked) -> tuple[Tick, Tick] | None:
        """The first and the last tick, up to now, at which a condition is true. Raises UserError."""
        places, now = self._places(asked), self.machine.tick
        looked, found = self._looked(asked, places), stretches(self.history, now, self._since(places))
        found = cut(found, places.ticks)
        if not found:
            return (now, now) if self._truth(asked) else None
        first = next(filter(None, (self._span_in(asked, looked, *s, to_first=True) for s in reversed(found))), None)
        if first is None:
            return None
        last = next(filter(None, (self._span_in(asked, looked, *s, to_first=False) for s in found)), None)
        assert last is not None
        return first[0], last[1]

    def _span_in(
        self, asked: Asked, looked: Callable[[], Looked], start: Tick, end: Tick, to_first: bool
    ) -> tuple[Tick, Tick] | None:
        """The first and last tick of a stretch at which a condition is true; `to_first`: the last is not asked for."""
        self.history.back_to(start)
        true = self._truth(asked)
        first, last = (start, start) if true else (None, None)
        for met in each(self.machine, self.history, end, looked):
            if to_first and first is not None:
                break
            last = met.tick if true else last
            true = self._truth(asked)
            first = self.machine.tick if true and first is None else first
        if first is None:
            return None
        return first, end if true else last or first

    def _truth(self, asked: Asked) -> bool:
        try:
            return self._evaluator(asked).truth(asked.text)
        except UserError:
            return False

    # -- writes ----------------------------------------------------------------------------------

    def write(self, places: Places, nth: int) -> Tick | None:
        """The tick before the `nth` write from the beginning, or with -1, -2 … from now back; None: there are fewer."""
        hooks = self.hooks(places)
        found = stretches(self.history, self.machine.tick, self._since(places))
        left = abs(nth)
        for start, end in found if nth < 0 else reversed(found):
            note = noted(self.history, start, end, *hooks)
            if note.hits >= left:
                if nth == -1:
                    return note.last_tick
                self.history.back_to(start)
                skip = left - 1 if nth > 0 else note.hits - left
                return next(each(self.machine, self.history, end, lambda: hooks, skip)).tick
            left -= note.hits
        return None

    # -- where to look ---------------------------------------------------------------------------

    def _places(self, asked: Asked) -> Places:
        number = self.machine.control.depth - 1 - asked.number if asked.frame is not None else 0
        return places_of(self.inspect, self._evaluator(asked), number, asked.text)

    def _evaluator(self, asked: Asked) -> Evaluator:
        return Evaluator(self.machine, self.inspect, asked.instance, self._frame(asked), asked.info)

    def _frame(self, asked: Asked) -> Frame | None:
        control = self.machine.control
        if asked.frame is None or control.depth <= asked.number:
            return None
        if not is_same(control[asked.number], asked.frame):
            return None
        return self.inspect.frame(control.depth - 1 - asked.number)

    def hooks(self, places: Places) -> Looked:
        """What executors look at for some places."""
        guards: dict[Site, Guard] = {}
        for target in places.locals:
            guards |= dict.fromkeys(target.sites, self.only_of(target.frame))
        picks = Picked(frozenset((Class.CALL, Class.RETURN, Class.THROW))) if places.depth else None
        return frozenset(guards), Hooks(guards, places.watches, picks=picks)

    def _looked(self, asked: Asked, places: Places) -> Callable[[], Looked]:
        """The same wherever the machine is then: an address that is read somewhere leads elsewhere at another time."""
        looked = self.hooks(places)

        def anew() -> Looked:
            nonlocal looked
            with suppress(UserError):  # it leads nowhere for now
                looked = self.hooks(self._places(asked))
            return looked

        return anew if places.may_move else lambda: looked

    def only_of(self, frame: Record) -> Guard:
        """Says whether it is this frame that has met a site: the view of its slots reaches from its base to the stack's
        end."""
        length = (self.machine.values.end - frame.base) // SLOT_BYTES
        return lambda slots: len(slots) == length

    def _since(self, places: Places) -> Tick:
        """From when on: a local is there since its function was called."""
        return max((self.called_at(t.number, t.frame) for t in places.locals), default=self.history.first_tick)

    def called_at(self, number: int, frame: Record) -> Tick:
        """The tick at which a frame, the `number`-th from the outermost, was called. The machine is there afterwards as
        before."""
        control, now = self.machine.control, self.machine.tick
        callers = (control[i] for i in range(number - 1, -1, -1))
        caller = next((record for record in callers if not record.is_host and record.pc), None)
        found = None
        if caller is not None:
            site = Site(caller.vmctx, caller.func, caller.pc - 1)
            found = self.history.last(frozenset({site}), Hooks({site: self.only_of(caller)}))
            self.history.back_to(now)
        return self.history.first_tick if found is None else found


def is_same(one: Record, other: Record) -> bool:
    """Whether two records are of one frame."""
    return (one.vmctx, one.func, one.base) == (other.vmctx, other.func, other.base)
