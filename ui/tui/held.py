"""What a pane goes on showing while the program runs and nothing can be read."""

from __future__ import annotations

from dataclasses import dataclass

from ui.render.line import Line, Role


@dataclass(slots=True)
class Held:
    """Rows, and lines of the foot and the edge, by number; as they were drawn last."""

    rows: dict[int, Line]
    foot: dict[int, Line]
    edge: dict[int, Line]
    faded: bool = False

    def fade(self) -> None:
        """Takes the colours from all of it."""
        self.faded = True
        self.rows, self.foot, self.edge = (_faded(lines) for lines in (self.rows, self.foot, self.edge))


def _faded(lines: dict[int, Line]) -> dict[int, Line]:
    return {number: tuple((text, Role.DIM) for text, _ in line) for number, line in lines.items()}
