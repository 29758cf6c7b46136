"""Answers given in a host function's place: a result, an errno, or a trap; always, or so many times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from vm.errors import TrapKind, UserError
from vm.host import HostCall, HostFunction, Outcome, Raise, Return
from vm.machine import Machine
from vm.types import I32, total_slots
from vm.wasi.errno import Errno
from vm.wasi.signatures import MODULE

Answering = Callable[[HostCall], Outcome]


@dataclass(eq=False)
class Mock:
    """One: `pattern` is `module.name`. `left` calls it answers yet, None: all; `used` it has answered."""

    id: int
    pattern: str
    answer: str
    left: int | None
    used: int = 0

    def outcome(self, function: HostFunction) -> Outcome:
        """What it answers. Raises UserError for what a function cannot answer."""
        if self.answer == "trap":
            return Raise(TrapKind.HOST, f"{function.label} was made to trap")
        value = self._value(function)
        count = total_slots(function.type.results)
        if count == 0:
            return Return()
        return Return((value, *(0,) * (count - 1)))

    def _value(self, function: HostFunction) -> int:
        name = self.answer.upper().removeprefix("E")
        if function.module == MODULE and name in Errno.__members__:
            return Errno[name]
        try:
            value = int(self.answer, 0)
        except ValueError:
            raise UserError(
                f"{self.answer!r} is nothing that {function.label} can answer",
                "a number, trap, or for WASI functions an errno such as ENOSPC",
            ) from None
        bits = 32 if function.type.results == (I32,) else 64
        return value & ((1 << bits) - 1)


class Mocks:
    """All of a session. The last one that fits a function answers."""

    def __init__(self) -> None:
        self.all: list[Mock] = []
        self._next = 1

    def add(self, pattern: str, answer: str, times: int | None, hosts: list[HostFunction]) -> Mock:
        """A new one. Raises UserError when no function is called that, or one cannot answer that."""
        wanted = pattern if "." in pattern else f"*.{pattern}"
        made = Mock(self._next, wanted, answer, times)
        fitting = [host for host in hosts if fnmatchcase(host.label, wanted)]
        if not fitting:
            raise UserError(f"no host function is called {pattern!r}", "info imports lists what the module imports")
        for host in fitting:
            made.outcome(host)
        self._next += 1
        self.all.append(made)
        return made

    def delete(self, id_: int) -> None:
        """Raises UserError when there is none."""
        found = next((mock for mock in self.all if mock.id == id_), None)
        if found is None:
            known = ", ".join(str(mock.id) for mock in self.all) or "there are none"
            raise UserError(f"there is no mock {id_}", f"known: {known}")
        self.all.remove(found)

    def answering(self, function: HostFunction) -> Answering | None:
        """Who answers the next call of a function instead of itself."""
        for mock in reversed(self.all):
            if mock.left != 0 and fnmatchcase(function.label, mock.pattern):
                return lambda call, mock=mock: _answer(mock, function)  # type: ignore[misc]
        return None


def _answer(mock: Mock, function: HostFunction) -> Outcome:
    mock.used += 1
    if mock.left is not None:
        mock.left -= 1
    return mock.outcome(function)


class Mocking:
    """A session's way to answer for host functions."""

    machine: Machine
    mocks: Mocks

    def mock(self, pattern: str, answer: str, times: int | None = None) -> Mock:
        """Lets something else answer in a host function's place from now on. In the past a branch begins."""
        made = self.mocks.add(pattern, answer, times, self.machine.hosts)
        if self.machine.journal.replaying:
            self.machine.journal.branching()
        self._use_mocks()
        return made

    def mock_again(self, pattern: str, answer: str, times: int | None) -> None:
        """The same for one that was there when the recording was made: it changes nothing in the past."""
        self.mocks.add(pattern, answer, times, self.machine.hosts)
        self._use_mocks()

    def unmock(self, id_: int) -> None:
        """Lets a host function answer itself again. Raises UserError."""
        self.mocks.delete(id_)
        self._use_mocks()

    def _use_mocks(self) -> None:
        hosts, answering = self.machine.hosts, self.mocks.answering
        self.machine.mocked = (lambda number: answering(hosts[number])) if self.mocks.all else None
