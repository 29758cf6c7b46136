"""Random programs of several threads: the same seed of the scheduler gives the same run, in one piece or in many, by
either executor, and again from its journal.

A hundredth of `WASMSCOPE_FUZZ_ROUNDS` (default 2,000) programs are made.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from debugger.events import Reason
from debugger.executors import ExecutorKind
from debugger.launch import Options
from debugger.replay import replay
from debugger.session import Session
from debugger.world import RealWorld
from tests.executors import maker
from tests.fuzz.random_threads import ThreadProgram
from vm.state import state_hash

_PROGRAMS = max(20, int(os.environ.get("WASMSCOPE_FUZZ_ROUNDS", "2000")) // 100)
_PARTS = 10
_OVER = (Reason.FINISHED, Reason.TRAP)


def _session(module: Path, rng: random.Random, kind: ExecutorKind) -> Session:
    found = Session(Options(module), RealWorld(()), make_executor=maker(kind))
    found.scheduler.policy.seed = rng.choice((None, rng.randrange(1000)))
    found.scheduler.policy.quantum_ticks = rng.choice((1, 3, 50, 1_000))
    found.start()
    return found


def _in_pieces(found: Session, rng: random.Random) -> None:
    """To the end, stopping here and there; at some of these places the run so far is repeated."""
    stopped = None
    while stopped is None or stopped.reason not in _OVER:
        stopped = found.until_tick(found.tick + rng.randrange(1, 400))
        if rng.randrange(8) == 0:
            again = replay(found.options, found.loaded, found.machine)
            assert state_hash(again) == state_hash(found.machine), f"at tick {found.tick}"


@pytest.mark.parametrize("part", range(_PARTS))
def test_a_seed_says_what_threads_do(part: int, tmp_path: Path) -> None:
    module = tmp_path / "threads.wat"
    for seed in range(part, _PROGRAMS, _PARTS):
        module.write_text(ThreadProgram(seed).text)
        whole = _session(module, random.Random(seed), ExecutorKind.NATIVE)
        ended = whole.resume()
        assert ended.reason in _OVER, (seed, ended)
        for kind in (ExecutorKind.NATIVE, ExecutorKind.REFERENCE):
            pieces = _session(module, random.Random(seed), kind)
            _in_pieces(pieces, random.Random(seed + 1))
            assert (pieces.tick, state_hash(pieces.machine)) == (whole.tick, state_hash(whole.machine)), (seed, kind)
        again = replay(whole.options, whole.loaded, whole.machine)
        assert (again.tick, state_hash(again)) == (whole.tick, state_hash(whole.machine)), seed
