"""What is shown as text, a drawing and a page: of any command, of any pane."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest

from debugger.launch import Options
from tests.ui.programs import FIB, start
from tests.ui.screens import on_loop, shown
from ui.cli import main
from ui.render.export import exported
from ui.render.line import Role, line
from ui.start import Start, WorldArgs
from ui.tui.registry import PANES
from vm.errors import UserError

_FIB = Path(__file__).parents[2] / "sample-modules" / "fib" / "fib.wasm"
_LINES = (line(("<b>", Role.NAME), " & plain  ", ("1", Role.NUMBER)), line(), line("x"))


def test_forms() -> None:
    assert exported(_LINES, "t", ".txt") == "<b> & plain  1\n\nx\n"
    drawing = ElementTree.fromstring(exported(_LINES, "a < b", ".svg"))
    assert "".join(drawing.itertext()).split() == ["a", "<", "b", "<b>", "&", "plain", "1", "x"]
    page = exported(_LINES, "t", ".html")
    assert "&lt;b&gt;" in page and "http" not in page
    with pytest.raises(UserError, match=r"\.txt, \.svg, \.html"):
        exported(_LINES, "t", ".png")


def test_a_command_is_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [w for form in ("txt", "svg", "html") for w in ("-ex", f"export {tmp_path / f'bt.{form}'} bt 2")]
    assert main(["-ex", "b fib", "-ex", "c", *words, str(_FIB), "--", "3"]) == 0
    assert "2 lines" in capsys.readouterr().out or (tmp_path / "bt.txt").stat().st_size
    assert (tmp_path / "bt.txt").read_text().startswith("▶ #0  $fib")
    ElementTree.parse(tmp_path / "bt.svg")
    assert main(["-ex", f"export {tmp_path / 'x.png'} bt", str(_FIB), "--", "3"]) == 2


@on_loop
async def test_panes_are_exported(tmp_path: Path) -> None:
    async with shown(start(tmp_path, FIB, "fib", "5")) as screen:
        for pane in ("frame", "stack", "vmctx", "code"):
            await screen.press("colon")
            await screen.type(f"export-pane {tmp_path / pane}.svg {pane}")
            await screen.press("enter")
            await screen.sees(f"{pane}.svg: ")
            await screen.press("escape")
            text = "".join(ElementTree.parse(tmp_path / f"{pane}.svg").getroot().itertext())
            assert {"frame": "$n", "stack": "#0", "vmctx": "store_context", "code": "local.get"}[pane] in text


@pytest.fixture(scope="module", params=[(80, 24), (200, 50)], ids=["narrow", "wide"])
def every_pane(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all panes in all forms, whether they were on the screen or not."""
    folder = tmp_path_factory.mktemp("panes")

    @on_loop
    async def export() -> None:
        async with shown(Start(Options(_FIB, args=("3",)), WorldArgs()), request.param) as screen:
            for command in ("b fib", "c", "display $n", "tbreak main"):
                await screen.command(command)
            for kind in PANES:
                for form in ("txt", "svg", "html"):
                    screen.app.choosing.export_pane(str(folder / f"{kind.id}.{form}"), kind.id)

    export()
    return folder


@pytest.mark.parametrize("id_", [kind.id for kind in PANES])
def test_every_pane_is_exported_in_every_form(id_: str, every_pane: Path) -> None:
    found = {form: (every_pane / f"{id_}.{form}").read_text() for form in ("txt", "svg", "html")}
    lines = [line for line in found["txt"].splitlines() if line]
    assert lines and _SHOWN.get(id_, "") in found["txt"]
    drawing = ElementTree.fromstring(found["svg"])
    drawn = ["".join(text.itertext()).rstrip() for text in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert [text for text in drawn if text][1:] == lines
    page = unescape(re.sub(r"<[^>]*>", "", found["html"].partition("<pre")[2].partition(">")[2]))
    assert [line.rstrip() for line in page.splitlines() if line.strip()] == lines
    for form in ("svg", "html"):
        assert "http" not in found[form].replace("http://www.w3.org/2000/svg", "") and "<script" not in found[form]


# What is certainly in some of them.
_SHOWN = {
    "code": "local.get", "source": "fib", "frame": "$", "stack": "#0  $fib", "vmctx": "store_context",
    "memory": "00010", "tables": "table", "map": "memory", "module": "imports", "files": "stdout",
    "console": "breakpoint 1", "breakpoints": "fib", "watches": "$n", "threads": "0",
}  # fmt: skip


@on_loop
async def test_what_came_is_exported_as_it_came_and_panes_wait_for_the_program(tmp_path: Path) -> None:
    async with shown(start(tmp_path, FIB, "forever")) as screen:
        await screen.pilot.press("c")
        await screen.until(lambda: screen.app.shared.running)
        screen.app.choosing.export_pane(str(tmp_path / "log.txt"), "console")
        assert "stopped: entry" in (tmp_path / "log.txt").read_text()
        with pytest.raises(UserError, match="the program runs"):
            screen.app.choosing.export_pane(str(tmp_path / "frame.txt"), "frame")
        await screen.press("f6")


def test_what_guests_choose_makes_no_drawing_or_page_that_is_damaged() -> None:
    odd = [*range(0x300), *range(0x2000, 0x2100), *range(0xD7F0, 0xE010), *range(0xFDC0, 0xFE10),
           *range(0xFFE0, 0x10010), *range(0x1FFF0, 0x20000), 0x10FFFF]  # fmt: skip
    shown_ = line("".join(map(chr, odd)), ("]]><script>&", Role.NAME))
    drawing = exported((shown_,), "a\x1b]0;b\ud800", ".svg").encode()
    assert "<script>" not in drawing.decode() and "script" in "".join(ElementTree.fromstring(drawing).itertext())
    assert "<script>" not in exported((shown_,), "<script>", ".html")
    exported((shown_,), "t\ud800", ".txt").encode()
