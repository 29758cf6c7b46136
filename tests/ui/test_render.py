from __future__ import annotations

from debugger.events import Detail, Place, Reason, Stopped
from debugger.inspect import Variable, VmctxRow
from debugger.symbols import Symbols
from debugger.watches import WatchValue
from tests.worlds import module
from ui.render import code, frame, hexdump, runtime, stops
from ui.render.line import Line, Role, text_of
from vm.disasm import disassemble
from vm.errors import Trap, TrapKind
from vm.layout import Row
from vm.types import I32, Addr, Tick

_BLOCKS = """
  (func $f (param $x i32) (result i32)
    (block $out (result i32)
      (if (result i32) (local.get $x) (then (i32.const 1)) (else (i32.const 2)))))
"""


def _texts(lines: list[Line]) -> list[str]:
    return [text_of(rendered) for rendered in lines]


def _roles(rendered: Line) -> dict[str, Role]:
    return dict(rendered)


def test_code_has_rails_pc_and_breakpoints() -> None:
    found = module(_BLOCKS)
    rows = disassemble(found, 0, Symbols(found))
    marks = code.Marks(pc=1, breakpoints={1: "●", 2: "○"})
    text = "\n".join(_texts([code.code_line(r, marks) for r in rows]))
    assert "╭ block" in text
    assert "│ ╭ if" in text
    assert "│ ├ else" in text
    assert "│ ╰ end" in text
    assert [t[:2] for t in text.splitlines() if t.startswith(("●", "○"))] == ["●▶", "○ "]


def test_lines_stay_short_however_deep_or_wide_the_code_is() -> None:
    deep, wide = 3_000, "0 " * 3_000
    rows = disassemble(module(f"(func {'(block ' * deep}{')' * deep})"), 0, Symbols(module("(func)")))
    assert max(len(t) for t in _texts([code.code_line(r, code.Marks()) for r in rows])) < 100
    found = module(f"(func (br_table {wide}(i32.const 0)))")
    table = disassemble(found, 0, Symbols(found))[2]
    assert text_of(code.code_line(table, code.Marks())).endswith(";; and 2,900 more")
    assert text_of(code.code_line(table, code.Marks(), whole=True)).split().count("0") == 3_000


def test_a_window_is_around_the_pc() -> None:
    found = module(_BLOCKS)
    rows = disassemble(found, 0, Symbols(found))
    window = _texts(code.code_window(rows, code.Marks(pc=1), before=1, after=1))
    assert len(window) == 3
    assert "▶" in window[1]


def test_source_lines_are_numbered_from_one() -> None:
    lines = _texts(code.source_window([("a",), ("        b",), ("c",)], 2, 1, 9, {3: "●"}))
    assert [text.split() for text in lines] == [["1", "a"], ["▶", "2", "b"], ["●", "3", "c"]]
    assert "▷" in _texts(code.source_window([("a",)], 1, 1, 1, is_caller=True))[0]


def _variable(name: str, index: int, slot: int) -> Variable:
    return Variable(name, index, I32, slot, str(slot), Addr(0))


def test_locals_without_names_are_called_as_in_expressions() -> None:
    lines = frame.variables([_variable("$n", 0, 7), _variable("1", 1, 0)], frozenset({"$n"}))
    assert [text.split() for text in _texts(lines)] == [["$n", "i32", "7", "Δ"], ["$var1", "i32", "0"]]
    assert _roles(lines[0])["7"] is Role.CHANGED
    assert _roles(lines[1])["0"] is Role.ZERO


def test_operands_count_from_the_top() -> None:
    texts = _texts(frame.operands([_variable("[0]", 0, 5), _variable("[1]", 1, 6)]))
    assert [text.split() for text in texts] == [["[0]", "i32", "6", "←", "top"], ["[1]", "i32", "5"]]


def test_a_watch_says_what_it_was() -> None:
    (shown,) = frame.watches([WatchValue(1, "n", "8", False, True, "7")])
    assert text_of(shown) == "1: n = 8  Δ was 7"


def test_hex_rows() -> None:
    lines = hexdump.hexdump(0x1040, b"He\0\xff" + bytes(14), changed=frozenset({0x1041}))
    assert text_of(lines[0]) == "00001040  48 65 00 ff 00 00 00 00  00 00 00 00 00 00 00 00  He··············"
    assert len({text.index("·") for text in _texts(lines)[1:]}) == 1
    roles = dict(lines[0])
    assert roles["48 "] is Role.PRINTABLE
    assert roles["65 "] is Role.CHANGED


def test_hex_rows_of_any_width_line_up() -> None:
    for per_row in (8, 16, 32):
        first, last = hexdump.hexdump(0, b"a" * (per_row + 1), per_row)
        assert text_of(first).index("a" * per_row) == text_of(last).rindex("a")


def test_a_vmctx_row_names_what_a_pointer_hits() -> None:
    row = Row("memories[0]", Addr(0x1058), 0x58, 8, "ptr<VMMemoryDefinition>", "where it is")
    (shown,) = runtime.vmctx_rows([VmctxRow(row, (0x2000_0000_1060).to_bytes(8, "little"), "owned_memories[0]")])
    assert text_of(shown).split("  ") == [
        "+0x0058", "memories[0]", "*VMMemoryDefinition", "→ 0x2000_0000_1060", "owned_memories[0]", "; where it is",
    ]  # fmt: skip


def test_sizes_are_exact() -> None:
    assert [runtime.size(n) for n in (12, 1 << 16, (1 << 20) + 1, 3 << 30)] == [
        "12 B", "64 KiB", "1,048,577 B", "3 GiB",
    ]  # fmt: skip


def test_every_reason_has_its_line() -> None:
    place = Place(Addr(1), 0, 0, 0x136, "$fib")
    details = {
        Reason.BREAKPOINT: Detail(breakpoints=(1, 2)),
        Reason.TRAP: Detail(trap=Trap(TrapKind.UNREACHABLE)),
        Reason.FINISHED: Detail(results=("55",)),
        Reason.EXITED: Detail(exit_code=3),
    }
    texts = {
        reason: text_of(stops.stop_line(Stopped(reason, place, Tick(1204), 1, details.get(reason, Detail())), "$fib"))
        for reason in Reason
    }
    assert texts[Reason.BREAKPOINT] == "stopped: breakpoints 1, 2 at $fib, tick 1,204"
    assert texts[Reason.TRAP] == "trap: unreachable at $fib, tick 1,204"
    assert texts[Reason.FINISHED] == "finished: 55, tick 1,204"
    assert texts[Reason.EXITED] == "exited with code 3, tick 1,204"
