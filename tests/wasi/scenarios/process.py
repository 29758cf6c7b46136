"""Arguments, environment, clocks, randomness, the process, sockets."""

from __future__ import annotations

from tests.wasi.probe import IOV, OUT, Probe
from tests.wasi.scenarios.folder import BAD_FD, FAR


def arguments(p: Probe) -> None:
    p("args_sizes_get", OUT, OUT + 4, out=8)
    p("args_get", OUT, OUT + 64, out=128)
    p("environ_sizes_get", OUT, OUT + 4, out=8)
    p("environ_get", OUT, OUT + 64, out=128)
    p("args_get", FAR, OUT)
    p("args_get", OUT + 1, OUT + 64)
    p("args_get", OUT, FAR)
    p("args_sizes_get", OUT + 2, OUT + 4)


def clocks(p: Probe) -> None:
    for clock in range(6):
        p("clock_res_get", clock, OUT, out=8)
        p("clock_time_get", clock, 1, OUT, out=8, hide=((0, 8),))
    p("clock_res_get", 0, OUT + 4)
    p("clock_time_get", 0, 0, FAR)


def randomness(p: Probe) -> None:
    p("random_get", OUT, 16, out=20, hide=((0, 16),))
    p("random_get", OUT, 0, out=1)
    p("random_get", FAR, 16)
    p("random_get", OUT, 0x7FFF_FFFF)


def process(p: Probe) -> None:
    p("sched_yield")
    for signal in (0, 6, 30, 31, 256):
        p("proc_raise", signal)
    for code in (0, 1, 7, 125, 126, 255, 256, 0xFFFF_FFFF):
        p("proc_exit", code)


def sockets(p: Probe) -> None:
    for fd in (0, 1, 3, BAD_FD):
        p("sock_accept", fd, 0, OUT)
        p("sock_recv", fd, IOV, 0, 0, OUT, OUT + 4)
        p("sock_send", fd, IOV, 0, 0, OUT)
        p("sock_shutdown", fd, 1)
    p("sock_accept", 0, 64, OUT)
    p("sock_recv", 0, IOV, 0, 4, OUT, OUT + 4)
    p("sock_shutdown", 0, 4)


SCENARIOS = (
    arguments,
    clocks,
    randomness,
    process,
    sockets,
)
