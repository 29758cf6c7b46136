"""Waiting for clocks and descriptors."""

from __future__ import annotations

import struct

from tests.wasi.probe import EVENTS, OUT, SUBS, Probe
from tests.wasi.scenarios.folder import BAD_FD, FAR
from vm.wasi.abi import EVENT


def _timer(userdata: int, clock: int, timeout: int, flags: int = 0) -> bytes:
    return struct.pack("<QB7xI4xQQH6x", userdata, 0, clock, timeout, 0, flags)


def _readiness(userdata: int, tag: int, fd: int) -> bytes:
    return struct.pack("<QB7xI28x", userdata, tag, fd)


def _poll(p: Probe, *subscriptions: bytes) -> None:
    p.guest.write(SUBS, b"".join(subscriptions))
    p.guest.write(EVENTS, b"\0" * EVENT.size * 8)
    p("poll_oneoff", SUBS, EVENTS, len(subscriptions), OUT, out=4)
    p.note([EVENT.form.unpack(p.guest.read(EVENTS + i * EVENT.size, EVENT.size)) for i in range(8)])


def polling(p: Probe) -> None:
    f = p.open("f")
    _poll(p)
    _poll(p, _timer(1, 1, 0))
    _poll(p, _timer(2, 0, 1_000_000))
    _poll(p, _timer(3, 1, 2_000_000), _timer(4, 0, 3_600_000_000_000))
    _poll(p, _timer(3, 0, 1, 1))
    _poll(p, _timer(4, 1, 1, 1))
    for clock in (2, 3, 4):
        _poll(p, _timer(5, clock, 0), _readiness(6, 1, f))
    _poll(p, _timer(5, 1, 0, 2))
    for tag, fd in ((1, 0), (2, 0), (1, 1), (2, 1), (2, 2), (1, f), (2, f), (1, 3), (2, 3), (1, BAD_FD), (3, f)):
        _poll(p, _readiness(10 + tag, tag, fd))
        if (tag, fd) not in ((1, 0), (1, f)):  # Wasmtime asks another thread, and may not know yet
            _poll(p, _readiness(20, 2, 1), _readiness(10 + tag, tag, fd), _timer(30, 1, 10**15))
    p.get(f, 64)
    _poll(p, _readiness(40, 1, f))
    p.get(0, 64)
    _poll(p, _readiness(41, 1, 0))
    p("poll_oneoff", SUBS + 4, EVENTS, 1, OUT)
    p("poll_oneoff", FAR, EVENTS, 1, OUT)
    p("poll_oneoff", SUBS, FAR, 1, OUT)
    p("poll_oneoff", SUBS, EVENTS, 1 << 28, OUT)


SCENARIOS = (polling,)
