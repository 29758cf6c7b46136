"""Waiting for clocks and descriptors (witx: `poll_oneoff`)."""

from __future__ import annotations

from dataclasses import dataclass

from vm.host import Block, Until
from vm.wasi.abi import (
    EVENT,
    SUBSCRIPTION,
    SUBSCRIPTION_CLOCK,
    SUBSCRIPTION_FD,
    Clock,
    Eventrwflags,
    Eventtype,
    Subclockflags,
)
from vm.wasi.context import Answer, Context
from vm.wasi.descriptors import Descriptor, Kind
from vm.wasi.errno import Errno, Refused

_READABLE = (Kind.STDIN, Kind.FILE)
_WRITABLE = (Kind.STDOUT, Kind.STDERR, Kind.FILE)


@dataclass(frozen=True, slots=True)
class Timer:
    """A clock subscription; `timeout_ns` counts from now unless `absolute`."""

    userdata: int
    clock: Clock
    timeout_ns: int
    absolute: bool


@dataclass(frozen=True, slots=True)
class Readiness:
    """A descriptor subscription."""

    userdata: int
    type: Eventtype
    fd: int
    descriptor: Descriptor


Subscription = Timer | Readiness


def poll_oneoff(call: Context, subscriptions: int, events: int, count: int) -> Answer:
    """Waits until some subscriptions hold, and stores an event for each that does (witx: `poll_oneoff`)."""
    if count == 0:
        raise Refused(Errno.INVAL)
    call.guest.allow(count * (SUBSCRIPTION.size + EVENT.size))
    wanted = [_subscription(call, subscriptions + i * SUBSCRIPTION.size) for i in range(count)]
    deadlines = _deadlines(call, wanted)
    ready = [s for s in wanted if _holds(call, s, deadlines)]
    if not ready:
        return Block(_until(call, wanted, deadlines))
    for number, subscription in enumerate(ready):
        call.guest.store(EVENT, events + number * EVENT.size, *_event(call, subscription))
    return len(ready)


def _subscription(call: Context, pointer: int) -> Subscription:
    userdata, tag, body = call.guest.load(SUBSCRIPTION, pointer)
    assert isinstance(body, bytes)
    match tag:
        case Eventtype.CLOCK:
            return _timer(userdata, body)
        case Eventtype.FD_READ | Eventtype.FD_WRITE:
            (fd,) = SUBSCRIPTION_FD.form.unpack(body)
            return _readiness(call, userdata, Eventtype(tag), fd)
        case _:
            raise Refused(Errno.INVAL)


def _timer(userdata: int, body: bytes) -> Timer:
    clock, timeout_ns, _precision_ns, flags = SUBSCRIPTION_CLOCK.form.unpack(body)
    if clock not in (Clock.REALTIME, Clock.MONOTONIC) or flags not in (0, Subclockflags.ABSTIME):
        raise Refused(Errno.INVAL)
    return Timer(userdata, Clock(clock), timeout_ns, bool(flags & Subclockflags.ABSTIME))


def _readiness(call: Context, userdata: int, type_: Eventtype, fd: int) -> Readiness:
    descriptor = call.table.get(fd)
    if descriptor.kind not in (_READABLE if type_ is Eventtype.FD_READ else _WRITABLE):
        raise Refused(Errno.BADF)
    return Readiness(userdata, type_, fd, descriptor)


def _deadlines(call: Context, wanted: list[Subscription]) -> dict[Timer, int]:
    """When each timer ends, by the monotonic clock, as of the first try."""
    timers = [s for s in wanted if isinstance(s, Timer)]
    if not timers:
        return {}
    now = _first_try_ns(call, timers)
    return {t: _deadline_ns(call, t, now) for t in timers}


def _deadline_ns(call: Context, timer: Timer, now_ns: int) -> int:
    if not timer.absolute:
        return now_ns + timer.timeout_ns
    if timer.clock is Clock.MONOTONIC:
        return timer.timeout_ns
    left = max(0, timer.timeout_ns - call.world.now_ns(Clock.REALTIME))
    return call.world.now_ns(Clock.MONOTONIC) + left


def _first_try_ns(call: Context, timers: list[Timer]) -> int:
    """The monotonic time of the first try: on a second one, what its earliest deadline says of it.

    When an absolute timer was the earliest, relative ones end later and are not due yet.
    """
    now = call.world.now_ns(Clock.MONOTONIC)
    deadline = call.blocked.deadline_ns if call.blocked else None
    relative = [t.timeout_ns for t in timers if not t.absolute]
    if deadline is None or not relative or _absolute_was_first(call, timers, deadline):
        return now
    return deadline - min(relative)


def _absolute_was_first(call: Context, timers: list[Timer], deadline_ns: int) -> bool:
    return any(
        t.timeout_ns == deadline_ns if t.clock is Clock.MONOTONIC else t.timeout_ns <= call.world.now_ns(Clock.REALTIME)
        for t in timers
        if t.absolute
    )


def _holds(call: Context, subscription: Subscription, deadlines: dict[Timer, int]) -> bool:
    if isinstance(subscription, Timer):
        return deadlines[subscription] <= call.world.now_ns(Clock.MONOTONIC)
    if subscription.descriptor.kind is Kind.STDIN:
        return call.world.input_ready(subscription.descriptor.offset)
    return True


def _until(call: Context, wanted: list[Subscription], deadlines: dict[Timer, int]) -> Until:
    deadline = min(deadlines.values(), default=None)
    first = call.blocked.deadline_ns if call.blocked else None
    if first is not None and first > call.world.now_ns(Clock.MONOTONIC):
        deadline = first
    return Until(deadline, tuple(s.fd for s in wanted if isinstance(s, Readiness)))


def _event(call: Context, subscription: Subscription) -> tuple[int, ...]:
    """The fields of a witx `event`. Wasmtime says 1 byte for any descriptor, and so do we."""
    if isinstance(subscription, Timer):
        return subscription.userdata, Errno.SUCCESS, Eventtype.CLOCK, 0, 0
    flags = Eventrwflags(0)
    if subscription.type is Eventtype.FD_READ and subscription.descriptor.kind is Kind.FILE:
        size = call.world.files.stat(subscription.descriptor.place).size
        flags = Eventrwflags.HANGUP if size <= subscription.descriptor.offset else flags
    return subscription.userdata, Errno.SUCCESS, subscription.type, 1, flags
