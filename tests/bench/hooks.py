"""What hooks cost natively: the same run without any, and with one of each; and what one hit costs.

Runs take turns; ratios are of medians of processor time, hits in microseconds of the whole session.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from debugger.events import Reason
from debugger.executors import ExecutorKind
from debugger.launch import Options
from debugger.session import Session
from debugger.world import RealWorld
from tests.bench.native import SIZES, Native
from tests.bench.programs import source
from tests.executors import maker
from vm.host import HostCall, HostFunction, Outcome, Return
from vm.stop import Hooks, Site, StopKind, Watch
from vm.text import assemble
from vm.trace import Trace
from vm.types import Addr, FuncType, NumType

ROUNDS = 5
WORKLOADS = ("sieve", "crc", "hash", "indirect")
TARGETS = {"condition that is false": 10.0, "host call with the log on": 5.0}
_RING = 1 << 16
_HITS = 20_000
_COUNTING = """(module (import "host" "nothing" (func $nothing (param i32)))
  (func $f (param $n i32))
  (func (export "run") (param $n i32) (loop $again (call $f (local.get $n))
    (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  (func (export "hosts") (param $n i32) (loop $again (call $nothing (local.get $n))
    (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"""


def _seconds(native: Native, argument: int, sites: frozenset[Site], hooks: Hooks) -> float:
    export = native.instance.module.export("run")
    assert export is not None
    native.machine.clear_call()
    native.machine.begin((native.instance, export.index), (argument,))
    start = time.process_time()
    stop = native.executor.run(None, sites, hooks)
    assert stop.kind is StopKind.FINISHED, stop
    return time.process_time() - start


def _kinds(native: Native) -> dict[str, tuple[frozenset[Site], Hooks]]:
    """Hooks that nothing meets."""
    instance = native.instance
    elsewhere = Site(instance.addr, len(instance.module.func_type_indexes), 0)
    kinds = {
        "none": (frozenset[Site](), Hooks()),
        "trace": (frozenset[Site](), Hooks(trace=Trace(_RING))),
        "breakpoint elsewhere": (frozenset({elsewhere}), Hooks()),
    }
    if instance.memories:
        memory = instance.memories[0]
        watch = Watch(Addr(memory.region.base + memory.size_bytes - 8), 8, reads=False, writes=True)
        kinds["watchpoint"] = (frozenset[Site](), Hooks(watches=(watch,)))
    return kinds


def _compare(name: str) -> None:
    native = Native(assemble(source(name), name))
    kinds = _kinds(native)
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    for number in range(ROUNDS + 1):
        for kind, (sites, hooks) in kinds.items():
            seconds = _seconds(native, SIZES[name], sites, hooks)
            if number:
                times[kind].append(seconds)
    plain = statistics.median(times.pop("none"))
    ratios = "  ".join(f"{kind} {statistics.median(found) / plain:.2f}x" for kind, found in times.items())
    print(f"{name:10} {plain:7.4f} s plain  {ratios}", flush=True)


def _nothing(call: HostCall) -> Outcome:
    return Return()


def _hit_us(export: str, prepare: Callable[[Session], object]) -> float:
    """Microseconds of a hit, or of a call, beyond nothing."""
    hosts = (HostFunction("host", "nothing", FuncType((NumType.I32,), ()), _nothing),)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "counting.wasm"
        path.write_bytes(assemble(_COUNTING, "counting"))
        options = Options(path, invoke=(export, str(_HITS)), hosts=hosts)
        session = Session(options, RealWorld(), make_executor=maker(ExecutorKind.NATIVE))
        session.start()
        prepare(session)
        start = time.process_time()
        stopped = session.resume()
        seconds = time.process_time() - start
        session.close()
    assert stopped.reason is Reason.FINISHED, stopped
    return seconds / _HITS * 1e6


def report() -> bool:
    """Prints the tables; whether the targets are met."""
    print("hooks natively, times over a run without them")
    for name in WORKLOADS:
        _compare(name)
    hits: dict[str, Callable[[], float]] = {
        "condition that is false": lambda: _hit_us("run", lambda s: s.add_breakpoint("$f", condition="$n == 999999")),
        "ignored hit": lambda: _hit_us("run", lambda s: s.add_breakpoint("$f", ignore=_HITS)),
        "condition by the evaluator": lambda: _hit_us("run", lambda s: s.add_breakpoint("$f", condition="depth > 99")),
        "host call with the log on": lambda: _hit_us("hosts", lambda s: None),
    }
    met = True
    for what, measure in hits.items():
        us = statistics.median(measure() for _ in range(ROUNDS))
        target = TARGETS.get(what)
        met &= target is None or us <= target
        print(f"{what}: {us:.1f} µs" + (f" (target {target:.0f})" if target else ""), flush=True)
    return met


if __name__ == "__main__":
    report()
