"""What the choice of an era costs the executors, what micro-steps cost a step, and how long a large drawing takes.

Eras take turns in one run, each in processor time; the best of some rounds counts.
"""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from debugger.executors import ExecutorKind
from debugger.lab import lay_out
from debugger.launch import Options
from debugger.microsteps import microsteps
from debugger.session import Session
from debugger.world import RealWorld
from tests.bench.programs import source
from tests.executors import maker
from ui.lab_svg import drawing
from ui.render.microsteps import rows
from vm.decode import decode
from vm.eras.table import chosen
from vm.instantiate import instantiate
from vm.layout import Era
from vm.machine import Machine
from vm.stop import StopKind
from vm.text import assemble
from vm.validate import validate

_WASMTIME = ("wasmtime@50", "wasmtime@36", "wasmtime@25", "wasmtime@20", "wasmtime@9", "wasmtime@0.38")
_WASMER = ("wasmer@6", "wasmer@3")
_ROUNDS = 7
_WORKLOADS = {"fib": 27, "sieve": 300_000, "indirect": 1_500_000, "hash": 100_000}
_MOST = {"wasmtime": 5.0, "wasmer": 10.0}  # per cent
_MOST_STEP_MS, _MOST_DRAWING_S, _FIELDS = 10.0, 1.0, 10_000


class _Run:
    """A workload in an era."""

    def __init__(self, data: bytes, era: Era) -> None:
        self.machine = Machine(era)
        self.instance = instantiate(self.machine, validate(decode(data)), {})
        self.executor = maker(ExecutorKind.NATIVE)(self.machine)
        self.best = float("inf")

    def __call__(self, argument: int) -> None:
        export = self.instance.module.export("run")
        assert export is not None
        self.machine.clear_call()
        self.machine.begin((self.instance, export.index), (argument,))
        start = time.process_time()
        assert self.executor.run(None).kind is StopKind.FINISHED
        self.best = min(self.best, time.process_time() - start)


def _executors() -> bool:
    met = True
    print(
        f"eras: time over the newest's, in per cent\n{'workload':10}"
        + "".join(f"{e:>15}" for e in (*_WASMTIME, *_WASMER))
    )
    totals: dict[str, list[float]] = {}
    for name, argument in _WORKLOADS.items():
        data = assemble(source(name), name)
        runs = {era: _Run(data, chosen(era)) for era in (*_WASMTIME, *_WASMER)}
        for _ in range(_ROUNDS):
            for run in runs.values():
                run(argument)
        newest = runs[_WASMTIME[0]].best
        costs = {era: 100 * (run.best / newest - 1) for era, run in runs.items()}
        for era, cost in costs.items():
            totals.setdefault(era, []).append(cost)
        print(f"{name:10}" + "".join(f"{cost:15.1f}" for cost in costs.values()), flush=True)
    for era, found in totals.items():
        mean, most = sum(found) / len(found), _MOST[era.partition("@")[0]]
        met &= mean <= most
        print(f"  {era:15} {mean:6.1f}% (target {most:.0f}%)")
    return met


def _micro() -> bool:
    """The slowest expansion among the first instructions of a program that calls through tables."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "indirect.wasm"
        path.write_bytes(assemble(source("indirect"), "indirect"))
        session = Session(Options(path, invoke=("run", "5")), RealWorld(stdin=None))
        session.start()
        worst = 0.0
        for _ in range(300):
            frame = session.frame()
            if frame is None:
                break
            start = time.process_time()
            rows(microsteps(session.machine, session.inspect, frame))
            worst = max(worst, (time.process_time() - start) * 1e3)
            session.step_instruction(1)
        session.close()
    print(f"micro-steps of one instruction, the slowest: {worst:.2f} ms (target {_MOST_STEP_MS:.0f} ms)")
    return worst <= _MOST_STEP_MS


def _drawing() -> bool:
    module = decode(assemble(f"(module {'(global i32 (i32.const 0))' * _FIELDS})", "wide"))
    start = time.process_time()
    text = drawing([lay_out(module, chosen("wasmtime"))], full=True)
    seconds = time.process_time() - start
    print(
        f"a layout of {_FIELDS:,} fields drawn: {seconds:.2f} s, {len(text):,} bytes (target {_MOST_DRAWING_S:.0f} s)"
    )
    return seconds <= _MOST_DRAWING_S


def report() -> bool:
    """Prints the figures; whether all targets were met."""
    return all([_executors(), _micro(), _drawing()])


if __name__ == "__main__":
    report()
