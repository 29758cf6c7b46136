"""What every pane draws with."""

from __future__ import annotations

from textual.app import App, ComposeResult

from tests.ui.screens import on_loop
from ui.render.line import Line, line
from ui.tui.line_view import LineView


class Words(LineView):
    """A word a row."""

    words: tuple[str, ...] = ("one", "two", "three")

    def row_count(self) -> int:
        return len(self.words)

    def row(self, index: int) -> Line:
        return line(self.words[index])

    def put(self, *words: str) -> None:
        self.words = words
        self.show(0)


class WordsApp(App[None]):
    def compose(self) -> ComposeResult:
        yield Words()

    def drawn(self) -> list[str]:
        return [strip.text.strip() for strip in self.screen._compositor.render_strips()]


@on_loop
async def test_rows_that_were_never_drawn_are_forgotten() -> None:
    app = WordsApp()
    async with app.run_test(size=(20, 6)) as pilot:
        view = app.query_one(Words)
        view.show()
        await pilot.pause()
        view.put("uno", "due", "tre")
        view.put("un", "deux")
        await pilot.pause()
        assert app.drawn() == ["un", "deux", "", "", "", ""]
