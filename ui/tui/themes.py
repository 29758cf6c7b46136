"""The looks that are our own; the toolkit's can be chosen too."""

from __future__ import annotations

from textual.theme import Theme

DARK, LIGHT = "wasmscope", "wasmscope-light"

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
)  # fmt: skip
