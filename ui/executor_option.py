"""`--executor`: what runs the program, and where its machine code is kept."""

from __future__ import annotations

import argparse
import sys
from functools import cache
from pathlib import Path

from debugger.executors import ExecutorKind, MakeExecutor, executor_maker


def add_executor_option(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """The option, with AUTO as its default."""
    parser.add_argument("--executor", choices=[kind.value for kind in ExecutorKind], default=ExecutorKind.AUTO.value,
                        help="what runs the program: native code, plain Python, or native where it works")  # fmt: skip


@cache
def make_executor(kind: ExecutorKind) -> MakeExecutor:
    """Makes executors of a kind, for this process. Raises UserError when it cannot be had."""
    return executor_maker(kind, cache_folder(), _say)


def cache_folder() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("wasmscope", appauthor=False)


def _say(text: str) -> None:
    """One line, where it does not disturb what the program prints."""
    if sys.stderr.isatty():
        sys.stderr.write(f"wasmscope: {text}\n")
