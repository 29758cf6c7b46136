"""Calls that have to wait answer Block, write nothing, and keep their deadline when tried again."""

from __future__ import annotations

import struct
import threading
import time

import pytest

from debugger.world import RealWorld
from tests.wasi.fake import FakeGuest
from tests.wasi.probe import EVENTS, IOV, OUT, SUBS
from vm.host import Block, Return, Until
from vm.wasi.abi import EVENT, Clock

MS = 1_000_000


class SetClock(RealWorld):
    """A world whose clocks stand where they are put."""

    monotonic = 1_000_000 * MS
    realtime = 50_000_000 * MS

    def now_ns(self, clock: Clock) -> int:
        return self.realtime if clock is Clock.REALTIME else self.monotonic

    def forward(self, ns: int) -> None:
        self.monotonic += ns
        self.realtime += ns


@pytest.fixture
def world() -> SetClock:
    return SetClock()


@pytest.fixture
def guest(world: SetClock) -> FakeGuest:
    made = FakeGuest(world)
    made.write(IOV, struct.pack("<II", 0x10000, 5))
    made.memory.writes = 0
    return made


def _timer(userdata: int, clock: int, timeout: int, flags: int = 0) -> bytes:
    return struct.pack("<QB7xI4xQQH6x", userdata, 0, clock, timeout, 0, flags)


def _stdin(userdata: int) -> bytes:
    return struct.pack("<QB7xI28x", userdata, 1, 0)


def _poll(guest: FakeGuest, *subscriptions: bytes, blocked: Until | None = None) -> list[int] | Until:
    """The userdata of the events, or what is waited for."""
    guest.write(SUBS, b"".join(subscriptions))
    guest.memory.writes = 0
    match guest.once("poll_oneoff", SUBS, EVENTS, len(subscriptions), OUT, blocked=blocked):
        case Block(until):
            assert guest.memory.writes == 0
            return until
        case Return((0,)):
            count = int.from_bytes(guest.read(OUT, 4), "little")
            return [EVENT.form.unpack(guest.read(EVENTS + i * EVENT.size, EVENT.size))[0] for i in range(count)]
        case other:
            raise AssertionError(other)


def _read(guest: FakeGuest) -> tuple[int, bytes] | Until:
    match guest.once("fd_read", 0, IOV, 1, OUT):
        case Block(until):
            return until
        case Return((errno,)):
            return errno, guest.read(0x10000, int.from_bytes(guest.read(OUT, 4), "little"))
        case other:
            raise AssertionError(other)


def test_reading_nothing_blocks_and_writes_nothing(guest: FakeGuest) -> None:
    before = bytes(guest.table.region.view[: guest.table.region.size])
    assert _read(guest) == Until(readable=(0,))
    assert guest.memory.writes == 0
    assert bytes(guest.table.region.view[: guest.table.region.size]) == before


def test_what_is_fed_is_read_then_the_end(guest: FakeGuest, world: SetClock) -> None:
    world.feed_stdin(b"1234567")
    assert _read(guest) == (0, b"12345")
    assert _read(guest) == (0, b"67")
    assert _read(guest) == Until(readable=(0,))
    world.close_stdin()
    assert _read(guest) == (0, b"")


def test_input_is_read_again_from_an_earlier_offset(guest: FakeGuest, world: SetClock) -> None:
    world.feed_stdin(b"1234567")
    _read(guest)
    guest.table.set_offset(0, 2)
    assert _read(guest) == (0, b"34567")


def test_a_timeout_keeps_its_deadline(guest: FakeGuest, world: SetClock) -> None:
    start = world.monotonic
    until = _poll(guest, _timer(1, 1, 10 * MS), _timer(2, 0, 30 * MS))
    assert until == Until(start + 10 * MS)
    world.forward(4 * MS)
    assert _poll(guest, _timer(1, 1, 10 * MS), _timer(2, 0, 30 * MS), blocked=until) == until
    world.forward(6 * MS)
    assert _poll(guest, _timer(1, 1, 10 * MS), _timer(2, 0, 30 * MS), blocked=until) == [1]
    world.forward(20 * MS)
    assert _poll(guest, _timer(1, 1, 10 * MS), _timer(2, 0, 30 * MS), blocked=until) == [1, 2]


def test_an_absolute_deadline_does_not_hurry_relative_ones(guest: FakeGuest, world: SetClock) -> None:
    timers = _timer(1, 1, world.monotonic + 5 * MS, 1), _timer(2, 1, 50 * MS)
    until = _poll(guest, *timers)
    assert until == Until(world.monotonic + 5 * MS)
    world.forward(5 * MS)
    assert _poll(guest, *timers, blocked=until) == [1]


def test_a_wall_clock_deadline(guest: FakeGuest, world: SetClock) -> None:
    timers = _timer(1, 0, world.realtime + 5 * MS, 1), _timer(2, 1, 50 * MS)
    until = _poll(guest, *timers)
    assert until == Until(world.monotonic + 5 * MS)
    world.forward(5 * MS)
    assert _poll(guest, *timers, blocked=until) == [1]


def test_input_before_the_deadline(guest: FakeGuest, world: SetClock) -> None:
    until = _poll(guest, _stdin(7), _timer(1, 1, 10 * MS))
    assert until == Until(world.monotonic + 10 * MS, (0,))
    world.forward(MS)
    world.feed_stdin(b"x")
    assert _poll(guest, _stdin(7), _timer(1, 1, 10 * MS), blocked=until) == [7]
    world.forward(9 * MS)
    assert _poll(guest, _stdin(7), _timer(1, 1, 10 * MS), blocked=until) == [7, 1]


def test_input_without_a_deadline(guest: FakeGuest) -> None:
    assert _poll(guest, _stdin(7)) == Until(None, (0,))


def test_waiting_ends_at_the_deadline() -> None:
    world = RealWorld()
    start = time.monotonic_ns()
    assert world.wait(Until(start + 30 * MS), lambda: False)
    assert 30 * MS <= time.monotonic_ns() - start < 130 * MS


def test_waiting_ends_with_input() -> None:
    world = RealWorld()
    assert not world.input_ready(0)
    feeder = threading.Timer(0.02, world.feed_stdin, (b"x",))
    feeder.start()
    assert world.wait(Until(readable=(0,)), lambda: False)
    assert world.input(0, 10) == b"x"
    feeder.join()


def test_waiting_is_interrupted_promptly() -> None:
    world, stop, at = RealWorld(), threading.Event(), [0.0]

    def interrupt() -> None:
        at[0] = time.monotonic()
        stop.set()

    timer = threading.Timer(0.03, interrupt)
    timer.start()
    assert not world.wait(Until(readable=(0,)), stop.is_set)
    assert time.monotonic() - at[0] < 0.1
    timer.join()
