"""Going back: what recording costs, and how long ways back take, natively, in one run.

Recording is compared with the same session without: the two take turns, ratios are of medians of processor time. Ways
back are wall-clock times of the whole session.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from debugger.backwards import Backwards
from debugger.events import Reason
from debugger.executors import ExecutorKind
from debugger.launch import Options
from debugger.session import Session
from debugger.world import RealWorld
from tests.bench.native import SIZES
from tests.bench.programs import source
from tests.executors import maker
from vm.snapshot import take
from vm.text import assemble

ROUNDS = 5
_LEAST_SECONDS = 0.6  # of one kind together: of what is short there are more rounds
# Arguments for which a run takes some tenths of a second, so that there are checkpoints.
_LONGER: dict[str, Callable[[int], int]] = dict.fromkeys(SIZES, lambda size: size * 6)
_LONGER |= {"fib": lambda size: size + 4, "mandel": lambda size: size * 2, "sieve": lambda size: size}
MOST_RECORDING = 1.15
MOST_STEP_MS, MOST_CONTINUE_MS, MOST_WROTE_S = 100.0, 300.0, 2.0
FAR = 100_000_000  # ticks
_NEAR = 1_000_000
_FAR_SIZES = {"fib": 40, "crc": 60_000, "indirect": 100_000_000, "hash": 8_000_000, "sieve": 1_000_000,
              "bulk": 40_000_000}  # fmt: skip
# Eleven ticks a round; the byte at 8 is written at the beginning alone, $mark is called a million ticks before the end.
_LONG = """(module (memory 32) (global $g (mut i32) (i32.const 0))
  (func $mark)
  (func (export "run") (param $n i32) (param $mark i32)
    (i32.store8 (i32.const 8) (i32.const 1))
    (loop $again
      (i32.store offset=64 (i32.and (local.get $n) (i32.const 0xffffc)) (local.get $n))
      (if (i32.eq (local.get $n) (local.get $mark)) (then (call $mark)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"""
_ROUND_TICKS = 13
_HUGE_PAGES = 16384
_HUGE = f"""(module (memory {_HUGE_PAGES}) (func (export "run") (param $n i32) (local $at i32)
  (loop $fill  (i32.store (local.get $at) (i32.const 1))
    (br_if $fill (local.tee $at (i32.add (local.get $at) (i32.const 4096)))))
  (loop $again
    (local.set $at (i32.const 0))
    (loop $pages
      (i32.store offset=0x8000000 (i32.mul (local.get $at) (i32.const 3)) (local.get $n))
      (br_if $pages (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4096))) (i32.const 0x100000))))
    (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"""


@contextmanager
def _opened(wat: str, *invoke: str, records: bool = True) -> Iterator[Session]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "program.wasm"
        path.write_bytes(assemble(wat, "program"))
        limits = {} if records else {"log_limit_bytes": 0}
        options = Options(path, invoke=invoke, **limits)  # type: ignore[arg-type]
        session = Session(options, RealWorld(), make_executor=maker(ExecutorKind.NATIVE))
        session.start()
        try:
            yield session
        finally:
            session.close()


def _run_seconds(name: str, records: bool) -> float:
    with _opened(source(name), "run", str(_LONGER[name](SIZES[name])), records=records) as session:
        start = time.process_time()
        stopped = session.resume()
        assert stopped.reason is Reason.FINISHED
        return time.process_time() - start


def _recording() -> bool:
    worst = 0.0
    for name in SIZES:
        times: dict[bool, list[float]] = {True: [], False: []}
        rounds = max(ROUNDS, int(_LEAST_SECONDS / _run_seconds(name, records=True)))
        for _ in range(rounds):
            for records, found in times.items():
                found.append(_run_seconds(name, records))
        ratio = statistics.median(times[True]) / statistics.median(times[False])
        worst = max(worst, ratio)
        print(f"{name:10} {statistics.median(times[False]):7.3f} s, recording {ratio:.2f}x", flush=True)
    print(f"recording: worst {worst:.2f}x (target {MOST_RECORDING})")
    return worst <= MOST_RECORDING


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _steps() -> bool:
    """A step back far from the beginning, in programs that write little between checkpoints, and in others."""
    met = True
    for name in ("fib", "crc", "indirect", "hash", "sieve", "bulk"):
        with _opened(source(name), "run", str(_FAR_SIZES[name])) as session:
            session.until_tick(FAR)
            at = session.tick
            first = _timed(lambda: session.reverse(lambda back: back.instructions(1))) * 1000
            again = _timed(lambda: session.reverse(lambda back: back.instructions(1))) * 1000
            sizes = [checkpoint.size for checkpoint in session.history.checkpoints[1:]] or [0]
        little = statistics.median(sizes) <= 1 << 20
        met &= not little or max(first, again) <= MOST_STEP_MS
        print(
            f"{name:10} at tick {at:,}: a step back {first:.1f} ms, the next {again:.1f} ms; "
            f"{statistics.median(sizes) / 1024:,.0f} KiB a checkpoint, {len(sizes)} of them", flush=True,
        )  # fmt: skip
    print(f"target {MOST_STEP_MS:.0f} ms where at most 1 MiB is written between checkpoints")
    return met


def _ways() -> bool:
    rounds, mark = FAR // _ROUND_TICKS, _NEAR // _ROUND_TICKS
    with _opened(_LONG, "run", str(rounds), str(mark)) as session:
        session.add_breakpoint("$mark", enabled=False)
        assert session.resume().reason is Reason.FINISHED
        end = session.tick
        next(iter(session.breakpoints)).enabled = True
        back = _timed(lambda: session.reverse(Backwards.resume)) * 1000
        assert session.last is not None and session.last.reason is Reason.BREAKPOINT
        far = end - session.tick
        session.breakpoints.clear()
        session.until_tick(end - 1)
        wrote = _timed(lambda: session.write("u8@8"))
        assert session.tick < 10
    print(f"reverse-continue to a breakpoint {far:,} ticks back: {back:.0f} ms (target {MOST_CONTINUE_MS:.0f})")
    print(f"who wrote a byte, over {end:,} ticks: {wrote:.2f} s (target {MOST_WROTE_S:.0f})", flush=True)
    return back <= MOST_CONTINUE_MS and wrote <= MOST_WROTE_S


def _huge() -> None:
    """A memory of 1 GiB, all of it written once; then 1 MiB between checkpoints."""
    with _opened(
        _HUGE,
        "run",
        "50",
    ) as session:
        session.until_tick(262_144 * 6 + 100)
        before = take(session.machine)
        for _ in range(3):
            session.until_tick(session.tick + 2400)
            now = session.machine.copied
            start = time.perf_counter()
            taken = take(session.machine)
            ms = (time.perf_counter() - start) * 1000
            print(
                f"1 GiB of memory, 1 MiB written: a checkpoint adds {taken.new_bytes(before) / (1 << 20):.2f} MiB, "
                f"{ms:.1f} ms" + ("" if now is before else " (one was taken on the way)"), flush=True,
            )  # fmt: skip
            before = taken


def report() -> bool:
    """Prints the rows; whether the targets are met."""
    print("going back")
    met = [_recording(), _steps(), _ways()]
    _huge()
    return all(met)


if __name__ == "__main__":
    report()
