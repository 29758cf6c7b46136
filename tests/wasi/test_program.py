"""A C program over the whole of it: the same output, files and exit code as under Wasmtime, live and replayed."""

from __future__ import annotations

from pathlib import Path

import wasmtime

from debugger.world import RealWorld, no_world
from tests.executors import maker
from tests.wasi.fake import LAYOUTS
from vm.decode import decode
from vm.instantiate import instantiate
from vm.machine import Machine
from vm.state import state_hash
from vm.stop import StopKind
from vm.validate import validate
from vm.wasi.descriptors import DescriptorTable
from vm.wasi.preview1 import Wasi
from vm.wasi.world import Root, Stream, World

PROGRAM = Path(__file__).parent.parent / "data/wasi/files.wasm"
ARGS = ("files", "one", "two words")
STDIN = b"first\nsecond\n"


def _wasmtime(folder: Path) -> tuple[bytes, bytes, int]:
    config = wasmtime.WasiConfig()
    config.argv, config.env = list(ARGS), [("GREETING", "hello")]
    config.preopen_dir(str(folder / "work"), "/work")
    (folder / "in").write_bytes(STDIN)
    config.stdin_file = str(folder / "in")
    config.stdout_file, config.stderr_file = str(folder / "out"), str(folder / "err")
    engine = wasmtime.Engine()
    store, linker = wasmtime.Store(engine), wasmtime.Linker(engine)
    store.set_wasi(config)
    linker.define_wasi()
    instance = linker.instantiate(store, wasmtime.Module(engine, PROGRAM.read_bytes()))
    code = 0
    try:
        instance.exports(store)["_start"](store)
    except wasmtime.ExitTrap as end:
        code = end.code
    store.close()
    return (folder / "out").read_bytes(), (folder / "err").read_bytes(), code


def _machine(world: World, roots: tuple[Root, ...]) -> Machine:
    machine = Machine()
    table = DescriptorTable.create(machine.space, LAYOUTS, roots)
    wasi = Wasi(table, world, tuple(a.encode() for a in ARGS), (b"GREETING=hello",))
    provider = {(f.module, f.name): f for f in wasi.functions()}
    instance = instantiate(machine, validate(decode(PROGRAM.read_bytes())), provider)
    start = instance.module.export("_start")
    assert start is not None
    machine.begin((instance, start.index), ())
    return machine


def _run(machine: Machine, world: RealWorld | None) -> None:
    executor = maker()(machine)
    while (stop := executor.run(None)).kind is StopKind.BLOCKED:
        assert world is not None and stop.until is not None, "a replay never waits"
        assert world.wait(stop.until, lambda: False)
    assert stop.kind is StopKind.EXIT


def test_as_under_wasmtime_and_again_from_the_recording(tmp_path: Path) -> None:
    for name in ("theirs", "ours"):
        (tmp_path / name / "work").mkdir(parents=True)
    roots = (Root(str(tmp_path / "ours/work").encode(), b"/work"),)
    world = RealWorld(roots)
    world.feed_stdin(STDIN)
    world.close_stdin()
    machine = _machine(world, roots)
    _run(machine, world)
    out, err = (world.outputs.text(s) for s in (Stream.STDOUT, Stream.STDERR))
    assert (out, err, machine.thread.get("exit_code")) == _wasmtime(tmp_path / "theirs")
    assert b"slept: enough" in out

    again = _machine(no_world(), roots)
    again.journal.replay(machine.journal.entries)
    _run(again, None)
    assert state_hash(again) == state_hash(machine)
