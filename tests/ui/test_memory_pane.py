"""The hex pane: going places, searching, editing, selecting, bookmarks, values and the map."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.ui.programs import start
from tests.ui.screens import Shown, on_loop, shown
from ui.tui.panes.memory import MemoryPane
from vm.machine import MachineLimits

_WAT = """(module (memory (export "memory") 2)
  (table 4 funcref) (elem (i32.const 1) func $run) (global $g (mut i32) (i32.const 7))
  (data (i32.const 4096) "hello, wasm\\00\\2a\\00\\00\\00\\00\\20\\00\\00")
  (data (i32.const 8192) "AB\\00C pointed at")
  (data (i32.const 100000) "far away needle")
  (func $run (export "run")
    (i32.store (i32.const 4112) (i32.const 0x01020304))
    (global.set $g (i32.const 9))))"""


@pytest.fixture(autouse=True)
def _state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def opened(folder: Path, **options: Any) -> Any:
    return shown(start(folder, _WAT, "run", **options), (120, 40))


async def answer(screen: Shown, key: str, text: str) -> None:
    """Presses a key that asks something, and answers."""
    await screen.press(key)
    await screen.press("ctrl+u")
    await screen.type(text)
    await screen.press("enter")


async def goto(screen: Shown, text: str) -> MemoryPane:
    await screen.press("5")
    await answer(screen, "g", text)
    return screen.app.query_one(MemoryPane)


def row(screen: Shown, start: str) -> str:
    """The row of hex that begins with an address."""
    return next(r for r in screen.text().split("\n") if start in r)


@on_loop
async def test_values_in_both_byte_orders(tmp_path: Path) -> None:
    async with opened(tmp_path) as screen:
        await goto(screen, "4096")
        await screen.sees("u8 104   u16 25960   u32 1819043176   u64 8583909746840200552")
        await screen.sees('utf-8 "hello, wasm"')
        await screen.press("p")
        await screen.sees("0x1000 BE")
        await screen.sees("u16 26725   u32 1751477356")
        await screen.press("p")
        assert "u16" not in screen.text()
        await screen.press("p")
        await screen.sees("0x1000 LE")


@on_loop
async def test_bytes_are_told_apart_without_colour(tmp_path: Path) -> None:
    async with opened(tmp_path) as screen:
        await screen.command("display memory[0].u32[0]")
        await screen.command("display u32@4108")
        await screen.press("escape")
        await goto(screen, "4096")
        assert "⌖2a 00 00 00" in row(screen, "01000  68")
        assert "01010 →00 20 00 00" in screen.text()
        await screen.press("i", "i", "i")
        assert "01010 Δ04 03 02 01" in screen.text()
        await goto(screen, "4112")
        await screen.sees("Δ was 00")
        await screen.press("i", "5")
        assert "01010  04 03 02 01" in screen.text()


@on_loop
async def test_search_forward_again_backward_and_around(tmp_path: Path) -> None:
    async with opened(tmp_path) as screen:
        pane = await goto(screen, "0")
        await answer(screen, "slash", '"e"')
        await screen.sees('found "e"')
        assert pane.place == 4097
        for key, place in ((".", 8202), ("full_stop", 100010), ("comma", 8202)):
            await screen.press("full_stop" if key == "." else key)
            await screen.until(lambda place=place: pane.place == place)
        await answer(screen, "slash", "41 42 ?? 43")
        await screen.sees("found 41 42 ?? 43")
        assert pane.place == 8192
        await screen.sees("4 selected")
        await screen.press("full_stop")
        await screen.sees("there is no other")
        await answer(screen, "slash", '"hello"')
        await screen.sees('found "hello", around the end')
        await answer(screen, "slash", "u32 0x2000")
        await screen.until(lambda: pane.place == 4112)
        await answer(screen, "slash", '"nowhere"')
        await screen.sees('"nowhere" is not in memory 0')
        await answer(screen, "slash", "u9 1")
        await screen.sees("u9 is no type")


@on_loop
async def test_a_search_can_be_cancelled(tmp_path: Path) -> None:
    async with opened(tmp_path) as screen:
        pane = await goto(screen, "0")
        asked: list[int] = []

        def may_go_on() -> bool:
            asked.append(1)
            pane.action_leave()
            return True

        pane.search_gate = may_go_on
        await answer(screen, "slash", "ff ff ff")
        await screen.sees("the search was ended")
        assert asked == [1]


@on_loop
async def test_a_pointer_is_followed_and_back(tmp_path: Path) -> None:
    async with opened(tmp_path) as screen:
        pane = await goto(screen, "4113")
        await screen.sees("→ 0x2000")
        await screen.press("enter")
        await screen.sees("AB·C pointed at")
        assert pane.place == 8192
        await screen.press("backspace")
        assert pane.place == 4113
        await goto(screen, "4096")
        await screen.press("enter")
        await screen.sees("no address is here that leads anywhere")


@on_loop
async def test_edit_digits_and_characters_and_undo(tmp_path: Path) -> None:
    async with opened(tmp_path) as screen:
        await goto(screen, "4096")
        memory = screen.app.session.main.memories[0]
        await screen.press("e")
        await screen.sees("editing: hex digits")
        await screen.press("4", "A", "4", "b")
        assert memory.read(4096, 4) == b"JKll"
        await screen.press("tab", "n", "q")
        await screen.sees("editing: characters")
        assert memory.read(4096, 5) == b"JKnqo"
        await screen.press("backspace")
        assert memory.read(4096, 5) == b"JKnlo"
        await screen.press("tab", "x")
        await screen.sees("'x' is no hex digit")
        await screen.press("ctrl+z", "escape", "ctrl+z")
        assert memory.read(4096, 5) == b"Jello"
        await screen.press("ctrl+z", "ctrl+z")
        assert memory.read(4096, 5) == b"hello"
        await screen.sees("nothing was edited here")
        assert screen.app.session.tick == 0


@on_loop
async def test_a_field_of_the_runtime_waits_until_it_is_whole(tmp_path: Path) -> None:
    async with opened(tmp_path) as screen:
        storage = screen.app.session.main.globals[0].storage
        await goto(screen, f"{storage:#x}")
        await screen.press("e", "2", "a")
        await screen.sees("1 typed, Enter writes")
        assert "✎2a" in screen.text()
        await screen.press("enter")
        await screen.press("escape")
        assert screen.app.session.machine.space.load(storage, 4) == 42
        await screen.press("ctrl+z")
        assert screen.app.session.machine.space.load(storage, 4) == 7


@on_loop
async def test_what_is_refused_says_why_in_a_line(tmp_path: Path) -> None:
    async with opened(tmp_path) as screen:
        code = screen.app.session.machine.code.base
        await goto(screen, f"{code:#x}")
        await screen.press("e", "f", "f", "enter")
        await screen.sees("refused: code is read-only")
        await screen.press("escape")
        assert "✎" not in screen.text()


@on_loop
async def test_selecting_and_copying(tmp_path: Path) -> None:
    async with opened(tmp_path) as screen:
        await goto(screen, "4096")
        await screen.press(*["shift+right"] * 4)
        await screen.sees("5 selected")
        for form, text in (("hex", "68 65 6c 6c 6f"), ("text", "hello"), ("c", "0x68, 0x65, 0x6c, 0x6c, 0x6f"),
                           ("expr", "u8[5]@0x1000")):  # fmt: skip
            await answer(screen, "y", form)
            await screen.sees("copied: ")
            assert screen.app.clipboard == text
        file = tmp_path / "dump.bin"
        await answer(screen, "y", f"> {file}")
        await screen.sees("5 bytes written to")
        assert file.read_bytes() == b"hello"
        await answer(screen, "y", f"> {tmp_path}")
        await screen.sees("cannot be written")
        await answer(screen, "y", "nonsense")
        await screen.sees("'nonsense' is no way to copy")
        await screen.press("escape")
        assert "selected" not in screen.text()
        await screen.press("shift+down")
        await screen.sees("17 selected")


@on_loop
async def test_the_mouse_selects(tmp_path: Path) -> None:
    async with opened(tmp_path) as screen:
        pane = await goto(screen, "4096")
        x, y = screen.at("68 65 6c 6c 6f 2c")
        await screen.pilot.mouse_down(offset=(x, y))
        await screen.pilot.hover(offset=(x + 9, y))
        await screen.pilot.mouse_up(offset=(x + 9, y))
        await screen.sees("4 selected")
        assert pane.place == 4099
        await screen.click(x, y + 1)
        assert pane.place == 4112
        assert "selected" not in screen.text()


@on_loop
async def test_a_click_on_the_map_goes_there(tmp_path: Path) -> None:
    async with opened(tmp_path) as screen:
        pane = await goto(screen, "0")
        right, bottom = pane.content_region.right - 1, pane.content_region.y + pane.body_height - 1
        await screen.click(right, bottom)
        assert pane.place >= (128 - 16) << 10


@on_loop
async def test_bookmarks(tmp_path: Path) -> None:
    async with opened(tmp_path) as screen:
        pane = await goto(screen, "4096")
        await screen.press("apostrophe")
        await screen.sees("no bookmark: m in the memory pane sets one")
        await screen.press("escape")
        await answer(screen, "m", "greeting")
        await screen.sees("⚑ greeting")
        assert "01000⚑ 68" in screen.text()
        await goto(screen, "0")
        await screen.press("r", "5", "apostrophe")
        await screen.sees("greeting  memory 0")
        await screen.press("enter")
        await screen.until(lambda: pane.place == 4096)
        await screen.press("apostrophe", "x")
        await screen.sees("no bookmark:")
        await screen.press("escape")
        assert len(screen.app.session.bookmarks) == 0


@on_loop
async def test_four_gibibytes_are_no_effort(tmp_path: Path) -> None:
    wat = '(module (memory 65536) (data (i32.const 0xfffffff0) "the end") (func (export "run")))'
    async with shown(start(tmp_path, wat, "run", limits=MachineLimits(max_memory_bytes=1 << 32))) as screen:
        pane = await goto(screen, "0")
        await screen.press("end")
        await screen.sees("fffffff0  74 68 65 20 65 6e 64")
        await answer(screen, "slash", '"the end"')
        await screen.sees('found "the end"')
        assert pane.place == 0xFFFFFFF0
        assert screen.app.session.main.memories[0].size_bytes == 1 << 32


@on_loop
async def test_row_width_follows_the_size(tmp_path: Path) -> None:
    async with opened(tmp_path) as screen:
        await goto(screen, "4096")
        for width, count in ((80, 16), (60, 8), (200, 16)):
            await screen.pilot.resize_terminal(width, 40)
            await screen.until(lambda count=count: bytes_in_row(screen) == count)
        await screen.press("z")
        await screen.until(lambda: bytes_in_row(screen) == 32)


def bytes_in_row(screen: Shown) -> int:
    """How many bytes the row of the greeting has."""
    found = re.search(r"01000  (.*?)  ?hello", screen.text())
    return len(re.findall(r"[0-9a-f]{2}", found[1])) if found is not None else 0


@on_loop
async def test_a_module_without_memory_says_so(tmp_path: Path) -> None:
    async with shown(start(tmp_path, '(module (func (export "run")))', "run")) as screen:
        await screen.press("5")
        await screen.sees("this module has no memory")
        await screen.press("right_square_bracket")
        await screen.sees(" at 0x")
