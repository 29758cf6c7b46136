"""The code and source panes: following, searching, cross references, both sides in step."""

from __future__ import annotations

from pathlib import Path

import pytest

from debugger.launch import Options
from tests.ui.programs import FIB, start
from tests.ui.screens import on_loop, shown
from ui.function_lines import FunctionLines
from ui.listings import Listings
from ui.start import Start, WorldArgs
from ui.tui.module_listing import ModuleListing, Position
from ui.tui.panes.code import CodePane
from ui.tui.panes.source import SourcePane
from ui.tui.row_index import RowIndex
from vm.disasm import disassemble

SAMPLES = Path(__file__).parents[2] / "sample-modules"


def sample(name: str, *args: str) -> Start:
    return Start(Options(path=SAMPLES / name, args=args), WorldArgs())


def many_functions(folder: Path, count: int) -> Start:
    """A module of functions of uneven length, far longer than their estimate or far shorter."""
    bodies = (
        f"(func $f{i} (result i32) {'i32.const 1 drop ' * (i * 7 % 40)} i32.const {i + 1_000_000_000})"
        for i in range(count)
    )
    text = f'(module {" ".join(bodies)} (func $main (export "main") (result i32) call $f3))'
    return start(folder, text, "main")


# -- one list of all functions ---------------------------------------------------------------------


def test_rows_of_parts_whose_counts_change() -> None:
    counts = [3, 1, 4, 1, 5, 9, 2, 6]
    index = RowIndex(counts)
    for part, count in ((0, 7), (5, 1), (7, 2), (3, 8)):
        assert index.put(part, count) == count - counts[part]
        counts[part] = count
        rows = [(i, line) for i, n in enumerate(counts) for line in range(n)]
        assert [index.find(row) for row in range(index.total)] == rows
        assert [index.start(i) for i in range(len(counts))] == [sum(counts[:i]) for i in range(len(counts))]


@on_loop
async def test_paging_through_a_module_shows_every_line_once(tmp_path: Path) -> None:
    async with shown(many_functions(tmp_path, 60), (80, 24)) as screen:
        pane = screen.app.query_one(CodePane)
        await screen.press("z", "home")
        module = screen.app.session.main.module
        views = screen.app.shared.views
        expected: list[str] = []
        for func in range(len(module.bodies)):
            lines = views.listings.function(screen.app.session.main, func)
            expected += [*(f"{line.offset:#08x}" for line in lines), ""]
        for way in (1, -1):
            seen = [pane.text_at_cursor()]
            while len(seen) < len(expected):
                pane.action_move(way)
                seen.append(pane.text_at_cursor())
                if len(seen) % 20 == 0:
                    await screen.pilot.pause()
                    top = pane.scroll_offset.y
                    assert top <= pane.cursor < top + pane.size.height
            assert [text[3:11] for text in seen] == expected[::way]


@on_loop
async def test_the_end_of_a_module_whose_rows_are_only_estimated(tmp_path: Path) -> None:
    async with shown(many_functions(tmp_path, 300), (80, 24)) as screen:
        pane = screen.app.query_one(CodePane)
        await screen.press("home")
        await screen.sees("(func $f0 ")
        await screen.press("end")
        await screen.sees("(func $main")
        await screen.press(*["pageup"] * 5)
        there = screen.text()
        at = pane.text_at_cursor()
        await screen.press("up", "down")
        assert pane.text_at_cursor() == at
        assert "(func" in there or "i32" in there


# -- following -------------------------------------------------------------------------------------


@on_loop
async def test_enter_follows_calls_and_branches_and_backspace_returns(tmp_path: Path) -> None:
    text = """(module (table 2 funcref) (elem (i32.const 0) $a $b) (memory 1) (type $t (func (result i32)))
      (func $a (result i32) i32.const 1) (func $b (result i32) i32.const 2)
      (func $main (export "main") (result i32)
        (drop (call $a)) (drop (i32.load offset=8 (i32.const 32)))
        (block $out (br_if $out (i32.const 1)) (drop (i32.const 77)))
        (call_indirect (type $t) (i32.const 1))))"""
    async with shown(start(tmp_path, text, "main")) as screen:
        pane = screen.app.query_one(CodePane)
        assert "call $a" in pane.text_at_cursor()
        assert ";; → a()" in pane.text_at_cursor()
        await screen.press("enter")
        assert "i32.const 1" in pane.text_at_cursor()
        await screen.press("backspace")
        assert "call $a" in pane.text_at_cursor()
        await screen.command("stepi 5")
        await screen.press("escape")
        assert "[0x28] = 0x0" in pane.text_at_cursor()
        await screen.press("enter")
        assert screen.app.desk.active == "memory"
        await screen.press("backspace")
        assert screen.app.desk.active == "code"
        await screen.press("i", "i", "i")
        assert ";; taken" in pane.text_at_cursor()
        before = pane.cursor
        await screen.press("enter")
        assert pane.cursor > before + 1
        await screen.press("i", "i")
        assert "→ b()" in pane.text_at_cursor()
        await screen.press("enter")
        assert "i32.const 2" in pane.text_at_cursor()
        await screen.press("up", "up", "backspace", "backspace")
        await screen.press("home", "enter")
        await screen.sees("Enter follows calls")


@on_loop
async def test_the_users_of_what_the_cursor_is_on(tmp_path: Path) -> None:
    async with shown(start(tmp_path, FIB, "fib", "5")) as screen:
        pane = screen.app.query_one(CodePane)
        await screen.press("x")
        await screen.sees("uses of global 0: 2")
        assert "used by" in screen.text()
        await screen.press("escape")
        await screen.press("home", "x")
        await screen.sees("uses of $fib: 3")
        assert "calls " in screen.text()
        await screen.press("down", "enter")
        await screen.until(lambda: "call $fib" in pane.text_at_cursor())
        await screen.press("backspace")
        assert "(func $fib" in pane.text_at_cursor()


@on_loop
async def test_search_goes_through_all_functions(tmp_path: Path) -> None:
    async with shown(start(tmp_path, FIB, "fib", "5")) as screen:
        pane = screen.app.query_one(CodePane)
        await screen.press("slash")
        await screen.type("I32.ADD")
        await screen.press("enter")
        await screen.until(lambda: "i32.add" in pane.text_at_cursor())
        rows = [pane.cursor]
        for _ in range(3):
            await screen.press("full_stop")
            await screen.until(lambda: pane.cursor != rows[-1])
            rows.append(pane.cursor)
        assert len(set(rows[:3])) == 3
        assert rows[3] == rows[0]
        await screen.press("comma")
        await screen.until(lambda: pane.cursor == rows[2])
        await screen.press("slash", "ctrl+u")
        await screen.type("nowhere")
        await screen.press("enter")
        await screen.sees("nothing matches 'nowhere'")


@on_loop
async def test_hits_and_conditions_stand_beside_the_instruction(tmp_path: Path) -> None:
    async with shown(start(tmp_path, FIB, "fib", "5")) as screen:
        await screen.command("break fib if n < 4")
        await screen.press("escape")
        await screen.sees("◆▶")
        await screen.sees("if n < 4")
        await screen.press("c")
        await screen.sees("hits 1  if n < 4")


# -- source beside code ----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(120, 40), (240, 60)])
@on_loop
async def test_source_and_code_are_kept_in_step(size: tuple[int, int]) -> None:
    async with shown(sample("fib/fib.wasm", "12"), size) as screen:
        code, source = screen.app.query_one(CodePane), screen.app.query_one(SourcePane)
        await screen.command("until fib.c:10")
        await screen.press("escape")
        assert source.display
        assert not code.display
        await screen.press("v")
        assert source.display
        assert code.display
        beside = source.region.y == code.region.y
        assert beside is (size[0] >= 240)
        await screen.press("1")
        assert screen.app.desk.active == "code"
        await screen.press("1")
        assert screen.app.desk.active == "source"
        await screen.press("down")
        await screen.until(lambda: code.where(code.cursor) is not None)
        at = source.cursor
        screen.app.desk.go_to("code")
        await screen.press(*["down"] * 30)
        await screen.until(lambda: source.cursor != at)
        before = screen.app.session.tick
        await screen.press("n")
        assert screen.app.session.tick == before + 1
        screen.app.desk.go_to("source")
        await screen.press("n")
        assert screen.app.session.tick > before + 2
        await screen.press("v")
        assert code.display
        assert not source.display


@on_loop
async def test_searching_the_source() -> None:
    async with shown(sample("fib/fib.wasm", "12")) as screen:
        await screen.command("until fib.c:10")
        await screen.press("escape", "slash")
        await screen.type("known[")
        await screen.press("enter")
        pane = screen.app.query_one(SourcePane)
        first = pane.cursor
        await screen.press("full_stop")
        assert pane.cursor != first
        await screen.press("comma")
        assert pane.cursor == first


# -- a huge function -------------------------------------------------------------------------------

HUGE = 30_000  # instructions


def huge(folder: Path) -> Start:
    body = " ".join(f"i32.const {i} drop" if i % 100 else "block end" for i in range(HUGE // 2))
    return start(folder, f'(module (func $first) (func $huge (export "main") {body}) (func $last))', "main")


def test_lines_are_made_as_far_as_they_are_looked_at(tmp_path: Path) -> None:
    session = huge(tmp_path).open()
    names = session.inspect.symbols(session.main)
    expected = disassemble(session.main.module, 1, names)
    lines = FunctionLines(session.main.module, 1, names)
    assert lines[3:5] == expected[3:5]
    assert len(lines._made) == 5
    wanted = next(i for i, line in enumerate(expected) if line.index == 7_000)
    assert lines.row_of(7_000) == wanted
    assert len(lines._made) < wanted + 1_000
    silent = next(i for i, line in enumerate(expected) if i > wanted and line.index is None)
    assert lines.row_of_next(silent) == next(i for i, x in enumerate(expected) if i > silent and x.index is not None)
    assert not lines.whole
    assert lines[-1] == expected[-1]
    assert list(lines) == expected


def test_the_first_page_of_a_huge_function_needs_only_its_start(tmp_path: Path) -> None:
    session = huge(tmp_path).open()
    listing = ModuleListing(session.main, Listings(session))
    at = listing.row_of(listing.position_of_pc(1, 0))
    top = listing.settle(at, 40)
    assert listing.position(top) == Position(1, 3)  # a block and its end do not retire
    assert not listing.lines(1).whole
    assert list(listing.unfinished) == [1]
    assert len(listing.lines(1)._made) < 1_000
    end = listing.settle(len(listing) - 1, 40)
    shown = [listing.line_at(listing.position(row)) for row in range(end - 3, len(listing))]
    assert [row.text for row in shown if row is not None][-2:] == ["(func $last (type 0)", ") ;; end"]
    assert not listing.lines(1).whole  # it is above, out of sight
    listing.settle(listing.row_of(Position(2, 0)) - 5, 40)
    assert listing.lines(1).whole


@on_loop
async def test_a_huge_function_is_whole_after_a_while_and_the_cursor_stays(tmp_path: Path) -> None:
    async with shown(huge(tmp_path)) as screen:
        pane = screen.app.query_one(CodePane)
        assert pane._listing is not None
        assert "(func $huge" in screen.text()
        await screen.press("pagedown", "pagedown")
        here = pane.text_at_cursor()
        lines = pane._listing.lines(1)
        await screen.until(lambda: lines.whole)
        await screen.press("end", "home")
        await screen.until(lambda: len(pane._listing or ()) == len(lines) + 1 + 2 * 3)
        await screen.press("down", "up", "g")
        await screen.type("$huge+0x1")
        await screen.press("enter", "pagedown", "pagedown")
        assert pane.text_at_cursor() == here
