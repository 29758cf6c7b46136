"""The native executor beside its peers: wasm3, pwasm, pywasm, and Wasmtime counting fuel, in one run.

Every engine is timed around the call alone, each with a fresh store but the first call left out, in processor time; the
engines take turns. Slow engines get smaller arguments, and are compared by instructions a second. What a peer cannot
load, or a peer that is not installed, is left out and said.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import wasmtime

from debugger.executors import ExecutorKind
from tests.bench.programs import WORKLOADS, source
from tests.executors import maker
from vm.decode import decode
from vm.instantiate import instantiate
from vm.machine import Machine
from vm.stop import StopKind
from vm.text import assemble
from vm.validate import validate

ROUNDS = 5
WORST_RATIO, GEOMEAN_RATIO = 2.0, 1.25  # of wasm3's time
SLOW_RATIOS = {"pywasm": 1500.0, "pwasm": 8.0}
# Arguments for which a fast engine takes some hundredths of a second.
SIZES: Mapping[str, int] = {
    "fib": 30, "sieve": 1_000_000, "crc": 1_500, "mandel": 300, "indirect": 3_000_000, "switch": 1_500_000,
    "bulk": 1_000_000, "hash": 200_000,
}  # fmt: skip

Engine = Callable[[int], int]  # runs the workload and answers with its result
_FUEL = 1 << 60


class Native:
    """Our machine under the native executor. `ticks` is what the last call retired."""

    def __init__(self, data: bytes) -> None:
        self.machine = Machine()
        self.instance = instantiate(self.machine, validate(decode(data)), {})
        self.executor = maker(ExecutorKind.NATIVE)(self.machine)
        self.ticks = 0

    def __call__(self, argument: int) -> int:
        export = self.instance.module.export("run")
        assert export is not None
        self.machine.clear_call()
        self.machine.begin((self.instance, export.index), (argument,))
        before = self.machine.tick
        stop = self.executor.run(None)
        assert stop.kind is StopKind.FINISHED
        self.ticks = self.machine.tick - before
        return self.machine.results()[0]


def _wasm3(data: bytes) -> Engine:
    import wasm3

    environment = wasm3.Environment()
    runtime = environment.new_runtime(1 << 20)
    runtime.load(environment.parse_module(data))
    run = runtime.find_function("run")
    return lambda argument: int(run(argument))


def _wasmtime_with_fuel(data: bytes) -> Engine:
    config = wasmtime.Config()
    config.consume_fuel = True
    engine = wasmtime.Engine(config)
    store = wasmtime.Store(engine)
    store.set_fuel(_FUEL)
    instance = wasmtime.Instance(store, wasmtime.Module(engine, data), [])
    run = instance.exports(store)["run"]
    assert isinstance(run, wasmtime.Func)
    return lambda argument: int(run(store, argument))


def _pwasm(data: bytes) -> Engine:
    import pwasm

    instance = pwasm.instantiate(pwasm.decode_module(data))
    return lambda argument: int(instance.exports["run"](argument))


def _pywasm(data: bytes) -> Engine:
    import pywasm

    with TemporaryDirectory() as folder:
        path = Path(folder) / "workload.wasm"
        path.write_bytes(data)
        runtime = pywasm.core.Runtime()
        module = runtime.instance_from_file(str(path))
    return lambda argument: int(runtime.invocate(module, "run", [argument])[0])


_FAST: Mapping[str, Callable[[bytes], Engine]] = {"wasm3": _wasm3, "wasmtime+fuel": _wasmtime_with_fuel}
_SLOW: Mapping[str, Callable[[bytes], Engine]] = {"pwasm": _pwasm, "pywasm": _pywasm}


def _made(engines: Mapping[str, Callable[[bytes], Engine]], data: bytes) -> dict[str, Engine]:
    """The engines that are installed and can load a module."""
    made: dict[str, Engine] = {}
    for name, make in engines.items():
        try:
            made[name] = make(data)
        except (ImportError, RuntimeError) as error:
            print(f"  {name} is left out: {error}")
    return made


def _seconds(engine: Engine, argument: int) -> tuple[float, int]:
    start = time.process_time()
    result = engine(argument)
    return time.process_time() - start, result & 0xFFFF_FFFF


def compare(name: str) -> dict[str, float]:
    """Prints one workload's row; a peer's time over ours, by peer. Unequal results are an error."""
    data = assemble(source(name), name)
    native, fast, slow = Native(data), _made(_FAST, data), _made(_SLOW, data)
    engines: dict[str, Engine] = {"native": native, **fast}
    times: dict[str, list[float]] = {engine: [] for engine in engines}
    for number in range(ROUNDS + 1):
        results = {}
        for engine, run in engines.items():
            seconds, results[engine] = _seconds(run, SIZES[name])
            if number:
                times[engine].append(seconds)
        assert len(set(results.values())) == 1, f"{name}: {results}"
    ours = statistics.median(times["native"])
    ratios = {engine: statistics.median(times[engine]) / ours for engine in fast}
    per_second, shown = native.ticks / ours, f"{native.ticks / ours / 1e6:8.0f}"
    for engine, run in slow.items():
        rate = _rate(native, run, WORKLOADS[name])
        ratios[engine] = per_second / rate
    columns = " ".join(f"{ratios.get(engine, math.nan):14.2f}" for engine in (*_FAST, *_SLOW))
    print(f"{name:10} {ours:9.4f} {shown} {columns}", flush=True)
    return ratios


def _rate(native: Native, run: Engine, argument: int) -> float:
    """Instructions a second of a slow engine."""
    expected = native(argument) & 0xFFFF_FFFF
    run(argument)  # some translate when first called
    seconds, _ = _seconds(run, argument)
    assert expected is not None
    return native.ticks / seconds


def report() -> bool:
    """Prints the table: peers' times over ours. True when every target is met."""
    print("the native executor: its seconds and M instructions a second; peers' times over its")
    print(f"{'workload':10} {'s':>9} {'M/s':>8} " + " ".join(f"{engine:>14}" for engine in (*_FAST, *_SLOW)))
    rows = [compare(name) for name in WORKLOADS]
    met = True
    for engine in (*_FAST, *_SLOW):
        found = [row[engine] for row in rows if engine in row]
        if not found:
            continue
        geomean = math.exp(statistics.fmean(map(math.log, found)))
        print(f"{engine:14} geomean {geomean:.2f}, least {min(found):.2f}")
        if engine == "wasm3":
            met &= 1 / geomean <= GEOMEAN_RATIO and 1 / min(found) <= WORST_RATIO
            print(f"  its time, ours over it: {1 / geomean:.2f} (target {GEOMEAN_RATIO}), worst {1 / min(found):.2f}"
                  f" (target {WORST_RATIO})")  # fmt: skip
        elif engine in SLOW_RATIOS:
            met &= geomean >= SLOW_RATIOS[engine]
            print(f"  target {SLOW_RATIOS[engine]:,.0f}")
    return met


if __name__ == "__main__":
    report()
