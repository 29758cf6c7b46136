"""What is shown as text, a drawing and a page: of any command, of any pane."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.ui.programs import FIB, start
from tests.ui.screens import on_loop, shown
from ui.cli import main
from ui.render.export import exported
from ui.render.line import Role, line
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
