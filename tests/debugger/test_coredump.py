"""Core dumps: the four dialects, a real Wasmtime's, our own written and resumed, damaged ones."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from debugger.coredump.dump import MAGIC, Dialect, Dump, Frame, Instance, Memory, Value, written
from debugger.coredump.read import read_dump
from debugger.coredump.take import take
from debugger.launch import Options
from debugger.session import Session
from debugger.world import RealWorld
from tests.executors import maker
from ui.cli import main
from ui.core import core_start
from ui.start import Start, WorldArgs
from vm.errors import UserError, WasmscopeError
from vm.state import state_hash

_CORES = Path(__file__).parents[1] / "data" / "core"
_SOURCE = Path(__file__).parents[1] / "data" / "source"

_DUMP = Dump(
    "demo.wasm", ("demo",), (Instance(0, (0,), (0,)),), (Memory(1, ((16, b"hello"),)),),
    ((Value("i32", 0x00FF_FFF0), True),),
    (Frame(0, 3, 0x1B, (Value("i32", 0xFFFF_FFFE), None), (Value("i64", 300), Value("f64", 1))),),
)  # fmt: skip


def _custom(name: str, payload: bytes) -> bytes:
    body = bytes([len(name)]) + name.encode() + payload
    return bytes([0, len(body)]) + body


def test_the_standard_dialect_is_written_and_read() -> None:
    data = written(_DUMP)
    assert read_dump(data, "x") == _DUMP
    frame = bytes.fromhex("00 00 03 1b 02 7f 7e 01 02 7e ac 02 7c 01 00 00 00 00 00 00 00")
    assert b"\x00\x04main\x01" + frame in data


def test_a_minimal_dump_is_the_bytes_of_the_conventions() -> None:
    plain = replace(_DUMP, frames=(Frame(0, 3, 0x1B, (Value("i32", 0xFFFF_FFFE),), (Value("i64", 300),)),))
    assert written(plain) == bytes.fromhex(
        "0061736d01000000 0010 04636f7265 0009 64656d6f2e7761736d"
        "0013 0b636f72656d6f64756c6573 01 00 04 64656d6f"
        "0015 0d636f7265696e7374616e636573 01 00 00 01 00 01 00"
        "0503 01 00 01 0608 01 7f 01 41 f0ffff07 0b".replace("0608", "0609")
        + "0b0b 01 00 41 10 0b 05 68656c6c6f"
        "001c 09636f7265737461636b 00 046d61696e 01 00 00 03 1b 01 7f 7e 01 7e ac02"
    )


_HEAD = b"\0\4main\2"
_DIALECTS = {
    Dialect.STANDARD: (
        bytes.fromhex("00 00 01 05 01 7f 2a 00  00 00 00 02 00 01 7e 7f"),
        ((0, 1, 5, [42], []), (0, 0, 2, [], [(1 << 64) - 1])),
    ),
    Dialect.XTUC: (
        bytes.fromhex("00 00 01 05 01 00 7f 2a000000  00 00 00 02 02 00 7e 0100000000000000 7d 0000803f"),
        ((0, 1, 5, [42], []), (0, 0, 2, [1, 0x3F80_0000], [])),
    ),
    Dialect.XTUC_OLD: (
        bytes.fromhex("00 01 05 01 01 7f 2a000000 7f 07000000  00 00 02 00 00"),
        ((0, 1, 5, [42], [7]), (0, 0, 2, [], [])),
    ),
}


@pytest.mark.parametrize("dialect", _DIALECTS)
def test_dialects(dialect: Dialect) -> None:
    payload, frames = _DIALECTS[dialect]
    data = MAGIC + _custom("core", b"\0\1x") + _custom("corestack", _HEAD + payload)
    found = read_dump(data, "x")
    assert found.dialect is dialect
    got = [(f.instance, f.func, f.offset, [v.bits for v in f.locals if v], [v.bits for v in f.stack if v])
           for f in found.frames]  # fmt: skip
    assert tuple(got) == frames


def test_a_dump_without_memory_and_with_a_strange_global() -> None:
    """As WasmEdge writes them: no data, a global's initialiser is a bare end, names of modules lack their length."""
    payload, _ = _DIALECTS[Dialect.XTUC_OLD]
    globals_ = bytes([6, 4, 1, 0x7F, 1, 0x0B])
    data = (
        MAGIC
        + _custom("core", b"")
        + _custom("coremodules", b"\1\0abc")
        + globals_
        + _custom("corestack", _HEAD + payload)
    )
    found = read_dump(data, "x")
    assert found.globals == ((None, True),) and found.modules == () and len(found.frames) == 2


def _opened(module: Path, dump: Path) -> Session:
    start = core_start(Start(Options(module), WorldArgs()), dump)
    session = Session(start.options, RealWorld(()), make_executor=maker(), program=start.program)
    session.start()
    return session


def test_a_dump_of_a_real_wasmtime() -> None:
    session = _opened(_CORES / "divide.wasm", _CORES / "divide.wasmtime.core")
    frames = list(session.inspect.frames())
    assert [f.name for f in frames] == ["$divide", "$outer", "$_start"]
    assert (
        session.inspect.instr(frames[0]).op.name == "i32.div_s" and session.inspect.instr(frames[1]).op.name == "call"
    )
    assert session.evaluator().evaluate("$count").text == "8"
    assert session.evaluator().evaluate("u32@32").text == str(0x1234_5678)
    assert session.evaluator().evaluate("cstr@16").text == '"hello"'
    with pytest.raises(UserError, match="has trapped"):
        session.resume()
    session.close()


def test_a_dump_of_ours_resumes(tmp_path: Path) -> None:
    module, path = _SOURCE / "people-O0.wasm", tmp_path / "p.core"
    first = Session(Options(module, invoke=("run", "3")), RealWorld(()), make_executor=maker())
    first.start()
    first.add_breakpoint("measure")
    first.resume()
    first.step_instruction(17)
    path.write_bytes(written(take(first.machine, first.inspect, "people")))
    again = _opened(module, path)
    assert state_hash(again.machine) == state_hash(first.machine)
    assert again.evaluator().evaluate("points[2]").text == first.evaluator().evaluate("points[2]").text
    ended, expected = again.resume(), first.resume()
    assert ended.detail.results == expected.detail.results and ended.tick == expected.tick
    again.reverse(lambda back: back.instructions())
    first.close()
    again.close()


def test_run_writes_one_at_a_trap(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "d.core"
    assert main(["run", "--coredump", str(path), str(_CORES / "divide.wasm")]) == 134
    assert "core dump" in capsys.readouterr().err
    assert main(["core", "-ex", "bt", "-ex", "p $a", str(_CORES / "divide.wasm"), str(path)]) == 0
    out = capsys.readouterr().out
    assert "#0  $divide+0x5($a=5, $b=0)" in out and "not resumed" in out


def test_what_does_not_fit_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.core"
    for data, why in (
        (b"text", "is no core dump"),
        ((_CORES / "divide.wasm").read_bytes(), "no section called core"),
        (MAGIC + _custom("core", b"\0\1x") + _custom("corestack", b"\0\4main\1\5\5\5"), "no dialect"),
        (written(_DUMP), "which divide does not define"),
        (written(replace(_DUMP, frames=(), memories=(Memory(1, ()), Memory(1, ())))), "2 memories"),
        (written(replace(_DUMP, frames=(Frame(0, 0, 900),))), "no instruction"),
    ):
        path.write_bytes(data)
        assert main(["core", "-ex", "bt", str(_CORES / "divide.wasm"), str(path)]) == 2
        assert why in capsys.readouterr().err


def test_damaged_dumps(tmp_path: Path) -> None:
    good = (_CORES / "divide.wasmtime.core").read_bytes()
    path, chosen = tmp_path / "x.core", random.Random(3)
    for _ in range(150):
        data = bytearray(good)
        for _ in range(chosen.choice((1, 4))):
            data[chosen.randrange(len(data))] = chosen.randrange(256)
        path.write_bytes(bytes(data[: chosen.choice((len(data), chosen.randrange(len(data))))]))
        try:
            session = _opened(_CORES / "divide.wasm", path)
        except WasmscopeError:
            continue
        for frame in session.inspect.frames():
            session.inspect.locals(frame)
        session.close()
