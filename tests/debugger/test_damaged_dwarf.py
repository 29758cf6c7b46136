"""Debug information that was damaged: whatever it says, variables are shown or it is said why not."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from debugger.dwarf.entries import Info
from debugger.dwarf.info import DebugInfo, debug_info, said_elsewhere
from debugger.launch import Options
from debugger.session import Session
from debugger.source.tree import nodes
from debugger.world import RealWorld
from tests.executors import maker
from vm.decode import decode
from vm.errors import UserError

_DATA = Path(__file__).parents[1] / "data" / "source"
_ROUNDS = 40


def _damaged(name: str, seed: int) -> bytes:
    """A module with some bytes of its debug sections changed, or a stretch of them repeated or zeroed."""
    data = bytearray((_DATA / name).read_bytes())
    module, chosen = decode(bytes(data)), random.Random(seed)
    spans = [c.payload for c in module.customs if c.name.startswith(".debug") and c.name != ".debug_str"]
    for _ in range(chosen.choice((1, 3, 30))):
        span = chosen.choice(spans)
        at = chosen.randrange(span.start, span.end)
        count = min(chosen.choice((1, 1, 1, 8)), span.end - at)
        data[at : at + count] = bytes(chosen.choice((0, 0xFF, chosen.randrange(256))) for _ in range(count))
    return bytes(data)


@pytest.mark.parametrize("name", [
    "people-O0.wasm", "people5-O2.wasm", "tree-O2.wasm", "queue-O2.wasm", "units4-O0.wasm", "units5-O0.wasm",
    "split4-O0.wasm",
])  # fmt: skip
def test_damage(name: str, tmp_path: Path) -> None:
    path = tmp_path / "damaged.wasm"
    for seed in range(_ROUNDS):
        path.write_bytes(_damaged(name, seed))
        session = Session(Options(path, invoke=("run", "3")), RealWorld(()), make_executor=maker())
        session.start()
        session.step_instruction(40 if "O0" in name else 8)
        _look(session)
        session.close()


def _look(session: Session) -> None:
    source = session.source_frame()
    frame = session.frame()
    assert source is not None and frame is not None
    rows = list(nodes(source, ()))
    list(nodes(source, [row.expression for row in rows]))
    session.inlined(frame)
    for expression in ("people[1].name", "counter + 1", "(struct person *)16", "numbers[1]"):
        try:
            assert isinstance(session.evaluator().evaluate(expression).text, str)
        except UserError:
            continue


def test_cut_short() -> None:
    module = decode((_DATA / "tree-O2.wasm").read_bytes())
    whole = debug_info(module)
    assert whole is not None
    for size in range(0, len(whole.info.data), 997):
        sections = whole.info.sections
        parts = {name: getattr(sections, name) for name in type(sections).__dataclass_fields__}
        cut = DebugInfo(module, Info(type(sections)(**{**parts, "info": sections.info[:size]})))
        cut.read_all()


def test_a_type_that_is_made_of_itself() -> None:
    """Two pointers to each other, and a struct within itself: neither hangs."""
    module = decode((_DATA / "people-O0.wasm").read_bytes())
    info = debug_info(module)
    assert info is not None
    unit = info.info.units[1] if len(info.info.units) > 1 else info.info.units[0]
    pointers = [e for e in unit.children(unit.top) if e.tag == 0x0F]
    data = bytearray(info.info.data)
    for entry in pointers:  # each leads to itself
        data[entry.end - 4 : entry.end] = (entry.at - unit.at).to_bytes(4, "little")
    parts = {name: getattr(info.info.sections, name) for name in type(info.info.sections).__dataclass_fields__}
    again = DebugInfo(module, Info(type(info.info.sections)(**{**parts, "info": bytes(data)})))
    for entry in pointers:
        found = again.info.entry(entry.at)
        assert found is not None
        again.types.named(found)


def test_debug_information_that_was_split_off_is_named() -> None:
    data = (_DATA / "people-O0.wasm").read_bytes()
    plain = decode(data[:8])
    payload = bytes([19]) + b"external_debug_info" + bytes([9]) + b"main.dwrf"
    split = decode(plain.bytes + bytes([0, len(payload)]) + payload)
    assert "main.dwrf" in said_elsewhere(split, debug_info(split), None)
