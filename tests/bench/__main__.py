"""`make bench`: each executor beside its peers, going back, LLDB, pauses, and the screen, in one run.

For each workload the two take turns; ours is timed with a fresh machine, translation included, pywasm around the call
alone. The ratio is of the medians; results must be equal.
"""

from __future__ import annotations

import math
import statistics
import sys
import tempfile
import time
from pathlib import Path

import pywasm

from tests.bench import eras, hooks, lldb, native, past, pause, real, screen
from tests.bench import source as source_level
from tests.bench.programs import WORKLOADS, source
from vm.decode import decode
from vm.instantiate import instantiate
from vm.machine import Machine
from vm.reference.executor import ReferenceExecutor
from vm.stop import StopKind
from vm.text import assemble
from vm.validate import validate

ROUNDS = 3
TARGET_RATIO = 8.0


def ours(data: bytes, argument: int) -> tuple[float, int, int]:
    """(seconds, result, instructions)"""
    valid = validate(decode(data))
    start = time.perf_counter()
    machine = Machine()
    instance = instantiate(machine, valid, {})
    export = instance.module.export("run")
    assert export is not None
    machine.begin((instance, export.index), (argument,))
    stop = ReferenceExecutor(machine).run(None)
    seconds = time.perf_counter() - start
    assert stop.kind is StopKind.FINISHED
    return seconds, machine.results()[0], machine.tick


def theirs(data: bytes, argument: int) -> tuple[float, int]:
    """(seconds, result)"""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "workload.wasm"
        path.write_bytes(data)
        runtime = pywasm.core.Runtime()
        module = runtime.instance_from_file(str(path))
    start = time.perf_counter()
    (result,) = runtime.invocate(module, "run", [argument])
    seconds = time.perf_counter() - start
    return seconds, result & 0xFFFF_FFFF


def main() -> int:
    """Prints the tables. A missed target is said, not failed: machines are noisy. Unequal results are an error."""
    ratios = []
    print(f"{'workload':10} {'pywasm s':>9} {'ours s':>8} {'ratio':>7} {'M instr/s':>10}")
    for name, argument in WORKLOADS.items():
        data = assemble(source(name), name)
        a, b = [], []
        for _ in range(ROUNDS):
            seconds, result, ticks = ours(data, argument)
            their_seconds, their_result = theirs(data, argument)
            assert result == their_result, f"{name}: {result} is not {their_result}"
            a.append(seconds)
            b.append(their_seconds)
        mine, peer = statistics.median(a), statistics.median(b)
        ratios.append(peer / mine)
        print(f"{name:10} {peer:9.3f} {mine:8.3f} {peer / mine:6.1f}x {ticks / mine / 1e6:10.2f}", flush=True)
    geomean = math.exp(statistics.fmean(map(math.log, ratios)))
    print(f"geomean {geomean:.1f}x, worst {min(ratios):.1f}x, target {TARGET_RATIO:.0f}x")
    real.report()
    source_level.main()
    reports = (native.report, hooks.report, past.report, lldb.report, eras.report, pause.report, screen.report)
    met = [geomean >= TARGET_RATIO, *(report() for report in reports)]
    if not all(met):
        print("a target was missed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
