"""Makes docs/keys.md from the tables of keys, panes and places.

python docs/make_keys.py
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]

_HEAD = """\
# Keys, layouts and configuration

Made by `docs/make_keys.py` from the program's own tables. Letters come first, function keys are aliases, shifted
letters are kept free. A pane's own key goes before one that works everywhere. `?` shows this list inside the program,
`^P` finds any command, key, pane or symbol, `^O` puts a letter on every pane.

## The configuration file

`~/.config/wasmscope/config.toml` (the user's configuration folder of the system). Bad entries are said in one line and
passed over.

```toml
keys = "vim"             # default, vim or gdb; also: wasmscope --keys vim, or  keys vim  in the console
theme = "wasmscope-light"
layout = "mine"          # one that was saved

[bind]
"run.over" = "n,f10"     # a binding's id, from the tables below, and its keys
```

## Layouts

Borders between panes are dragged with the mouse; `+` and `-` make the pane that has the keys larger and smaller, `z` or
F12 shows it alone. In the console:

```
pane tables hide         takes a pane off the screen; its key brings it back
pane map code            puts it elsewhere: {places}
layout save mine         keeps panes and sizes under a name
layout mine              uses them again; `layout usual` is how it was
theme nord               another look
```
"""


def page() -> str:
    """The text of the page."""
    from ui.tui.arrange import Place

    return "\n".join((_HEAD.replace("{places}", ", ".join(Place)), *_tables(), ""))


def _tables() -> Iterator[str]:
    from ui.tui.key_sets import pane_bindings
    from ui.tui.registry import BY_ID, PANES

    titles = {"": "Everywhere", "list": "Every list"}
    last = None
    for where, binding in pane_bindings():
        if not binding.description or not binding.id or binding.id.startswith("pane."):
            continue
        if where != last:
            yield f"\n## {titles.get(where) or BY_ID[where].title}\n"
            yield "| default | vim | gdb | | id |\n| --- | --- | --- | --- | --- |"
            last = where
        yield f"{_keys(binding.id, binding.key)} {binding.description} | `{binding.id}` |"
    yield "\n## Panes\n"
    yield "| default | vim | gdb | | id |\n| --- | --- | --- | --- | --- |"
    for pane in PANES:
        yield f"{_keys(f'pane.{pane.id}', pane.key)} {pane.title} | `{pane.id}` |"


def _keys(id_: str, usual: str) -> str:
    from ui.tui.key_sets import SETS
    from ui.tui.keys import shown_key

    found = (SETS[name].get(id_, usual) for name in ("default", "vim", "gdb"))
    return "| " + " | ".join(shown_key(keys).replace("|", "\\|") if keys else "" for keys in found) + " |"


def main() -> None:
    sys.path.insert(0, str(ROOT))
    (ROOT / "docs" / "keys.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
