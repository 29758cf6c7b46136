"""Lines without DWARF: source maps, and modules that were written as text."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from debugger.launch import Options
from debugger.mapped_lines import lines_of_map, lines_of_text, map_url
from tests.debugger.sessions import opened
from tests.worlds import module as assembled
from vm.decode import decode
from vm.facts import FactsCache
from vm.module import Module

_PROGRAMS = Path(__file__).parents[1] / "data" / "programs"
_MAPPED = _PROGRAMS / "primes-mapped.wasm"


def _line_of(text: str, part: str) -> int:
    return next(i for i, line in enumerate(text.splitlines(), 1) if part in line)


def test_a_source_map_beside_the_module() -> None:
    lines = lines_of_map(decode(_MAPPED.read_bytes()), _PROGRAMS)
    assert lines is not None
    file = next(f for f in lines.files() if f.endswith("/primes.ts"))
    text = lines.source(file, ())
    assert text is not None and text == tuple((_PROGRAMS / "primes.ts").read_text().splitlines())


def test_breakpoints_and_steps_by_a_source_map() -> None:
    text = (_PROGRAMS / "primes.ts").read_text()
    with opened(Options(_MAPPED, invoke=("checksum", "10"))) as debugged:
        debugged.add_breakpoint(f"primes.ts:{_line_of(text, 'if (isPrime(i))')}")
        stopped = debugged.resume()
        assert stopped.reason.name == "BREAKPOINT" and stopped.at is not None and stopped.at.offset is not None
        seen = []
        for _ in range(3):
            debugged.step_line()
            frame = debugged.frame()
            lines = debugged.lines_of(debugged.main)
            assert frame is not None and frame.offset is not None and lines is not None
            found = lines.find(frame.offset)
            assert found is not None
            seen.append(found.line)
        assert _line_of(text, "i * i <= n") in seen


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"version": 3}', '{"version": 3, "mappings": 5}', '{"version": 3, "sources": 1, "mappings": "A"}',
     '{"version": 3, "sources": ["a"], "mappings": "AAA!"}', '{"version": 3, "sources": ["a"], "mappings": ",,;"}',
     '{"version": 3, "sources": ["a"], "mappings": "ggggggggggggggggggggggggggA"}', "[" * 100_000],
)  # fmt: skip
def test_damaged_maps_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "m.map").write_text(text)
    assert lines_of_map(_named("m.map"), tmp_path) is None


def test_a_map_within_its_address() -> None:
    body = json.dumps({"version": 3, "sources": ["a.ts"], "mappings": "8BAAA", "sourcesContent": ["one"]})
    url = "data:application/json;base64," + base64.b64encode(body.encode()).decode()
    lines = lines_of_map(_named(url), Path("/nowhere"))
    assert lines is not None and lines.source("a.ts", ()) == ("one",)


def _named(url: str) -> Module:
    data = assembled("(module (func))").bytes
    size = len(url.encode())
    named = bytes([size & 0x7F | 0x80, size >> 7]) + url.encode()
    payload = bytes([16]) + b"sourceMappingURL" + named
    made = decode(data + b"\0" + bytes([len(payload) & 0x7F | 0x80, len(payload) >> 7]) + payload)
    assert map_url(made) == url
    return made


WAT = """;; a comment
(module
  (import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))
  (func $add (param $a i32) (param $b i32) (result i32)
    (i32.add (; inside ;)
      (local.get $a)
      (local.get $b)))
  (func (export "run") (param $n i32) (result i32) (local $sum i32)
    (block $out
      (loop $again
        (br_if $out
          (i32.eqz (local.get $n)))
        ;; folded calls
        (local.set $sum
          (call $add
            (local.get $sum) (local.get $n)))
        local.get $n
        i32.const 1
        i32.sub
        local.set $n
        (br $again)))
    (if (result i32) (i32.gt_s (local.get $sum) (i32.const 5))
      (then (local.get $sum))
      (else (i32.const -1)))))
"""


def test_every_instruction_of_a_text_has_its_line() -> None:
    made = assembled(WAT)
    lines = lines_of_text(made, Path("x.wat"), WAT)
    assert lines is not None
    text = WAT.splitlines()
    for func in (1, 2):
        for instr in FactsCache(made)(func).instrs:
            found = lines.find(instr.offset)
            if instr.op.name not in ("end", "else"):
                assert found is not None
                here = text[found.line - 1][found.column - 1 :]
                assert here.lstrip("(").startswith(instr.op.name.split()[0])


def test_stepping_through_the_text(tmp_path: Path) -> None:
    path = tmp_path / "sum.wat"
    path.write_text(WAT)
    with opened(Options(path, invoke=("run", "3"))) as debugged:
        lines = debugged.lines_of(debugged.main)
        assert lines is not None
        seen = []
        for _ in range(6):
            frame = debugged.frame()
            assert frame is not None and frame.offset is not None
            found = lines.find(frame.offset)
            assert found is not None
            seen.append(WAT.splitlines()[found.line - 1].strip())
            debugged.step_line(into=False)
        assert seen[0] == "(i32.eqz (local.get $n)))" and seen[1] == "(br_if $out"
        assert "(local.get $sum) (local.get $n)))" in seen and "(call $add" in seen


def test_a_text_that_says_something_else_has_no_lines() -> None:
    assert lines_of_text(assembled("(module (func (nop)))"), Path("x.wat"), "(module (func (drop)))") is None
    assert lines_of_text(assembled("(module)"), Path("x.wat"), '(module binary "\\00asm")') is None
    assert lines_of_text(assembled("(module (func))"), Path("x.wat"), "((((") is None


def test_source_paths_are_mapped(tmp_path: Path) -> None:
    data = Path(__file__).parents[1] / "data" / "source"
    (tmp_path / "people.c").write_text("moved\n")
    with opened(Options(data / "people-O0.wasm", invoke=("run", "1"))) as debugged:
        lines = debugged.lines_of(debugged.main)
        assert lines is not None
        assert lines.source("/build/people.c", (), (("/build", str(tmp_path)),)) == ("moved",)
        assert lines.source("/build/none.c", (), (("/build", str(tmp_path)),)) is None
