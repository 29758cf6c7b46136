"""Where a user's history and watches are kept between runs."""

from __future__ import annotations

from pathlib import Path


def state_folder() -> Path:
    """The folder; it may not exist yet."""
    from platformdirs import user_state_path

    return user_state_path("wasmscope", appauthor=False)


def watches_folder() -> Path:
    return state_folder() / "watches"
