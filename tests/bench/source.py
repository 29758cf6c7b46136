"""Source level: what opening modules with much DWARF costs, 50 locals of a C++ frame, coverage and traces.

Modules of 20 and 49 MB are made from a real one: its debug information is there again and again.
"""

from __future__ import annotations

import io
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from debugger.executors import ExecutorKind
from debugger.launch import Options
from debugger.session import Session
from debugger.traces.calls import calls
from debugger.traces.expand import Expansion
from debugger.traces.follow import Stack
from debugger.traces.observe import MemoryAccesses
from debugger.traces.trace import Texts, write_binary, write_jsonl
from debugger.world import RealWorld
from tests.bench.modules import uleb
from tests.executors import maker
from vm.decode import decode
from vm.heat import Heat
from vm.stop import NO_HOOKS
from vm.types import Tick

_DATA = Path(__file__).parents[1] / "data" / "source"
_SAMPLE = Path(__file__).parents[2] / "sample-modules" / "fib" / "fib.wasm"
_SIZES = ((20, 3.0), (49, 5.0))  # MB, target in seconds
_ROUNDS = 5
_SHORT_ROUNDS = 21  # of what takes a tenth of a second
_OPEN = """
import resource, sys, time
start = time.process_time()
from pathlib import Path
from debugger.launch import Options
from debugger.session import Session
from debugger.world import RealWorld
session = Session(Options(Path(sys.argv[1]), invoke=("run", "3")), RealWorld(()))
session.start()
session.add_breakpoint("tree.rs:74")
session.resume()
shown = [v.text for v in session.source_frame().variables()]
print(time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, len(shown))
"""


def with_much_dwarf(size_mb: int) -> bytes:
    """`tree-O0.wasm` with its debug information repeated until the module has a size."""
    data = (_DATA / "tree-O0.wasm").read_bytes()
    module = decode(data)
    info = next(c for c in module.customs if c.name == ".debug_info")
    payload = data[info.payload.start : info.payload.end]
    times = max(1, ((size_mb << 20) - len(data)) // len(payload))
    body = uleb(len(".debug_info")) + b".debug_info" + payload * (times + 1)
    return data[: info.span.start] + bytes([0]) + uleb(len(body)) + body + data[info.span.end :]


def opening() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for size, target in _SIZES:
            path = Path(folder) / f"{size}.wasm"
            path.write_bytes(with_much_dwarf(size))
            done = subprocess.run([sys.executable, "-c", _OPEN, str(path)], capture_output=True, text=True, check=True)
            seconds, megabytes, shown = done.stdout.split()
            print(f"opening {path.stat().st_size >> 20} MB with DWARF, to the first {shown} variables: "
                  f"{float(seconds):.2f} s (target {target} s), {megabytes} MB")  # fmt: skip


def variables() -> None:
    """All variables of an -O0 C++ frame, each as text, until 50 were evaluated."""
    session = Session(Options(_DATA / "shapes-O0.wasm", invoke=("run", "3")), RealWorld(()), make_executor=maker())
    session.start()
    session.add_breakpoint("shapes.cpp:74")
    session.resume()
    times = []
    for _ in range(_ROUNDS + 1):
        start, count = time.process_time(), 0
        while count < 50:
            source = session.source_frame()
            assert source is not None
            count += len([v.text for v in source.variables()])
        times.append((time.process_time() - start) * 50 / count)
    print(f"50 locals of an -O0 C++ frame: {statistics.median(times[1:]) * 1000:.1f} ms warm (target 20 ms)")


def traces() -> None:
    session = Session(Options(_SAMPLE, args=("29",)), RealWorld(()), make_executor=maker(ExecutorKind.NATIVE))
    session.start()
    session.resume()
    end, first = session.tick, session.history.first_tick
    machine, history = session.machine, session.history
    with history.excursion():
        plain, covered, heated = [], [], []
        for _ in range(_SHORT_ROUNDS):
            history.back_to(first)
            start = time.process_time()
            history.run_until(end, frozenset(), NO_HOOKS, over_site=True)
            plain.append(time.process_time() - start)
            start = time.process_time()
            Expansion(machine, history, first, end).count()
            covered.append(time.process_time() - start)
            start = time.process_time()
            Expansion(machine, history, first, end).count(heat=Heat(session.main.memories[0].region))
            heated.append(time.process_time() - start)
        part = Tick(min(end, 12_000_000))
        start = time.process_time()
        write_binary(Expansion(machine, history, first, part), io.BytesIO(), {}, _always)
        binary = time.process_time() - start
        texts = Texts(machine, session.inspect, lambda vmctx, offset: "")
        short = Tick(min(end, 2_000_000))
        start = time.process_time()
        write_jsonl(Expansion(machine, history, first, short), io.BytesIO(), texts, _always)
        jsonl = time.process_time() - start
        start = time.process_time()
        accesses = [row for rows in MemoryAccesses(machine, history).through(first, short, _always) for row in rows]
        listed = time.process_time() - start
        start = time.process_time()
        tree = calls(Expansion(machine, history, first, part), Stack([]), _always)
        called = time.process_time() - start
    ratio = statistics.median(covered) / statistics.median(plain)
    print(f"coverage of {end:,} instructions: {statistics.median(covered):.2f} s, "
          f"{ratio:.1f} times the plain run (target 1.5)")  # fmt: skip
    print(f"the same with heat of the memory: {statistics.median(heated) / statistics.median(plain):.1f} times")
    print(f"accesses to memory: {len(accesses) / listed / 1e6:.2f} M/s; "
          f"tree of {len(tree):,} calls: {part / called / 1e6:.1f} M instructions/s")  # fmt: skip
    print(f"binary trace: {part / binary / 1e6:.1f} M instructions/s (target 20)")
    print(f"JSON lines: {short / jsonl / 1e6:.2f} M instructions/s (target 0.3)")


def _always(done: int, of: int) -> bool:
    return True


def main() -> int:
    opening()
    variables()
    traces()
    print(f"peak of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
