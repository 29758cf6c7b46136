"""Guest threads: each has its own stacks; which one runs is for the debugger to say.

A waiting thread's record says at which address and until when. Time is virtual: a nanosecond passes with every tick,
and when everyone waits, it jumps to the first deadline.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from vm.control import ControlStack
from vm.layout import StructView
from vm.memory import Region
from vm.types import Addr

if TYPE_CHECKING:
    from vm.machine import Continuation, Machine

WOKEN, TIMED_OUT = 0, 2  # what a wait answers; 1: the value was another one
_READY = 1  # a thread record's state
FOREVER_NS = 1 << 63  # timeouts from here on are negative: no limit


@dataclass(eq=False)
class GuestThread:
    """One thread of the store. Its record, stacks and what its host frames go on with."""

    number: int
    record: StructView
    control: ControlStack
    values: Region
    continuations: dict[int, Continuation]

    def __post_init__(self) -> None:
        self.slots = self.values.view[: self.values.size].cast("Q")
        self.state, self.blocked = self.record.live("state"), self.record.live("blocked")


class Waiting(NamedTuple):
    """What a thread is about to wait for: a notification at an absolute address, or so many nanoseconds to pass."""

    addr: Addr
    timeout_ns: int


def begin_wait(machine: Machine, waiting: Waiting) -> None:
    """The current thread waits at its instruction, which runs again with the answer once there is one."""
    record, turn = machine.thread, machine.state.get("waits") + 1
    machine.state.set("waits", turn)
    record.set("wait_addr", waiting.addr)
    record.set("wait_turn", turn)
    forever = waiting.timeout_ns >= FOREVER_NS
    record.set("wait_until_ns", 0 if forever else max(1, virtual_ns(machine) + waiting.timeout_ns))


def take_answer(machine: Machine) -> int | None:
    """What the current thread's wait has ended with; None: it has not waited yet."""
    answer = machine.thread.get("wait_answer")
    if not answer:
        return None
    machine.thread.set("wait_answer", 0)
    return answer - 1


def virtual_ns(machine: Machine) -> int:
    """Virtual time since the store was made."""
    return machine.tick + machine.state.get("skipped_ns")


def waiters(machine: Machine) -> list[GuestThread]:
    """The threads that wait, in the order in which they began to."""
    found = [t for t in machine.threads if t.record.get("wait_addr")]
    return sorted(found, key=lambda t: t.record.get("wait_turn"))


def notify_waiters(machine: Machine, addr: Addr, count: int) -> int:
    """Wakes at most `count` of the threads that wait at an address; how many."""
    found = [t for t in waiters(machine) if t.record.get("wait_addr") == addr][:count]
    for thread in found:
        wake(thread, WOKEN)
    return len(found)


def wake(thread: GuestThread, answer: int) -> None:
    """Ends a wait: the thread may run again and finds the answer."""
    for name in ("wait_addr", "wait_turn", "wait_until_ns"):
        thread.record.set(name, 0)
    thread.record.set("wait_answer", answer + 1)
    thread.record.set("state", _READY)


def time_out(machine: Machine, may_skip: bool) -> bool:
    """Wakes the threads whose time is over; `may_skip`: nobody can run, so time passes to the first deadline.

    Answers whether a thread was woken.
    """
    timed = [t for t in waiters(machine) if t.record.get("wait_until_ns")]
    if not timed:
        return False
    now, first = virtual_ns(machine), min(t.record.get("wait_until_ns") for t in timed)
    if first > now:
        if not may_skip:
            return False
        machine.state.set("skipped_ns", machine.state.get("skipped_ns") + first - now)
        now = first
    over = [t for t in timed if t.record.get("wait_until_ns") <= now]
    for thread in over:
        wake(thread, TIMED_OUT)
    return bool(over)
