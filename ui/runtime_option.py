"""`--runtime`: in which release's layout the machine runs."""

from __future__ import annotations

import argparse

from vm.eras.table import chosen
from vm.layout import Era


def add_runtime_option(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """The option; without it the newest layout is taken."""
    parser.add_argument("--runtime", metavar="NAME@VERSION",
                        help="lay structures out as this release does: wasmtime@36 (default: newest)")  # fmt: skip


def era_from(args: argparse.Namespace) -> Era | None:
    """What the option says; None: the newest. Raises UserError."""
    return None if args.runtime is None else chosen(args.runtime)
