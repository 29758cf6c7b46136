"""The looks that are our own; the toolkit's can be chosen too."""

from __future__ import annotations

from textual.theme import Theme

DARK, LIGHT, SIXTEEN = "wasmscope", "wasmscope-light", "wasmscope-16"

THEMES: tuple[Theme, ...] = (
    Theme(
        name=DARK, dark=True, primary="#7aa2f7", secondary="#7dcfff", accent="#bb9af7", foreground="#d5d9e8",
        background="#14161f", surface="#181b26", panel="#232738", success="#9ece6a", warning="#e0af68",
        error="#f7768e",
    ),
    Theme(
        name=LIGHT, dark=False, primary="#2952a3", secondary="#00657a", accent="#7a3e9d", foreground="#1f2433",
        background="#f3f4f8", surface="#fafbfe", panel="#dfe3ee", success="#2f6b1f", warning="#8a5300",
        error="#b3213f",
    ),
    Theme(  # a terminal's sixteen colours themselves: others would come out as shades of grey
        name=SIXTEEN, dark=True, primary="#55ffff", secondary="#55ff55", accent="#ff55ff", foreground="#ffffff",
        background="#000000", surface="#000000", panel="#0000aa", success="#55ff55", warning="#ffff55",
        error="#ff5555", variables={"text-primary": "#55ffff", "text-secondary": "#00aaaa", "text-warning": "#ffff55"},
    ),
)  # fmt: skip
