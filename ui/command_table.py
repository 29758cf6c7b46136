"""Finding the command a line means, and running it.

Words may be shortened as long as they stay unique; an alias wins over a shortened
name, and a shortened name over a shortened alias.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from debugger.events import Stopped
from ui.command import Command, Context, StopView
from vm.errors import UserError

_NAME = re.compile(r"[^\s/]+")


class Found(NamedTuple):
    """A command, and what follows its name."""

    command: Command
    rest: str


class CommandTable:
    """All commands, by name. `group_aliases` shorten first words: `i` for `info`."""

    def __init__(self, commands: tuple[Command, ...], group_aliases: Mapping[str, str]) -> None:
        self.commands = commands
        self.by_name: Mapping[str, Command] = MappingProxyType({n: c for c in commands for n in (c.name, *c.aliases)})
        self._single = {name: c for name, c in self.by_name.items() if " " not in name}
        self._group_aliases = group_aliases
        self.groups: Mapping[str, tuple[str, ...]] = self._grouped()

    def _grouped(self) -> Mapping[str, tuple[str, ...]]:
        """Second words by first words: of `info`, `thread`, `breakpoint`."""
        pairs = sorted(tuple(name.split()) for name in self.by_name if " " in name)
        groups = {first: tuple(b for a, b in pairs if a == first) for first, _ in pairs}
        return MappingProxyType(groups)

    def find(self, text: str) -> Found:
        """The command a line begins with. Raises UserError with what comes near."""
        text = text.strip()
        m = _NAME.match(text)
        if m is None:
            raise UserError(f"{text!r} is no command", "help lists them")
        word, rest = m[0], text[m.end() :].strip()
        return self._in_group(word, rest) or Found(self._one(word), rest)

    def execute(self, context: Context, text: str) -> None:
        """Runs one line, unless it is empty or a comment; what it shows goes to `context.write`.

        Raises WasmscopeError.
        """
        text = text.strip()
        if not text or text.startswith("#"):
            return
        try:
            text.encode(errors="surrogateescape")
        except UnicodeEncodeError:
            raise UserError(
                "the line has half a character in it", "it is no text that a file could be called"
            ) from None
        found = self.find(text)
        shown = found.command.handler(context, found.command.parse(found.rest))
        if isinstance(shown, Stopped):
            show_stop(context, shown)
        else:
            for rendered in shown:
                context.write(rendered)

    def completions(self, prefix: str) -> list[str]:
        """Command names that a line may go on with; two-word names once their first word is typed."""
        first, space, second = prefix.partition(" ")
        if space:
            group = self._group(first)
            return [f"{group} {m}" for m in self.groups[group] if m.startswith(second)] if group else []
        return sorted(n for n in {*self._single, *self.groups} if n.startswith(prefix))

    def _one(self, word: str) -> Command:
        if word in self._single:
            return self._single[word]
        named = {c.name: c for c in self.commands if " " not in c.name and c.name.startswith(word)}
        starting = named or {c.name: c for n, c in self._single.items() if n.startswith(word)}
        if len(starting) == 1:
            return next(iter(starting.values()))
        if starting:
            raise UserError(f"{word!r} may be {', '.join(sorted(starting))}")
        near = difflib.get_close_matches(word, {**self._single, **self.groups}, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "help lists them"
        raise UserError(f"there is no command {word!r}", hint)

    def _group(self, word: str) -> str | None:
        if word in self.groups:
            return word
        if word in self._single or word in self._group_aliases:
            return self._group_aliases.get(word)
        starting = [g for g in self.groups if g.startswith(word)]
        others = any(name.startswith(word) for name in self._single)
        return starting[0] if len(starting) == 1 and not others else None

    def _in_group(self, word: str, rest: str) -> Found | None:
        """A command of two words; None when the first is no group, or a command by itself that takes the rest."""
        group = self._group(word)
        if group is None:
            return None
        m = _NAME.match(rest)
        second, after = (m[0], rest[m.end() :].strip()) if m else ("", rest)
        if second in self.groups[group]:
            return Found(self.by_name[f"{group} {second}"], after)
        starting = {self.by_name[f"{group} {w}"].name: w for w in self.groups[group] if second and w.startswith(second)}
        if len(starting) == 1:
            return Found(self.by_name[f"{group} {next(iter(starting.values()))}"], after)
        if group in self._single:
            return None
        if starting:
            raise UserError(f"{group} {second!r} may be {', '.join(sorted(starting.values()))}")
        what = f"{group} has no {second!r}" if second else f"{group} what?"
        raise UserError(what, f"one of {', '.join(self.groups[group])}")


def show_stop(context: Context, stopped: Stopped) -> None:
    """Writes what the settings want shown at a stop."""
    context.listing.list_at = None
    view = context.settings.stop_view
    if view is StopView.NOTHING:
        return
    lines = context.views.stop(stopped, with_code=view is StopView.SHORT)
    if view is StopView.CONTEXT and stopped.at is not None:
        lines += context.views.context(context.settings.code_lines)
    for rendered in (*lines, *context.views.watches()):
        context.write(rendered)
