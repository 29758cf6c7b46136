"""All eras, newest first, and finding one by a release."""

from __future__ import annotations

import re

from vm.eras.wasmer import WASMER_ERAS
from vm.eras.wasmtime import WASMTIME_48
from vm.eras.wasmtime_past import WASMTIME_ERAS
from vm.errors import UserError
from vm.layout import Era

ERAS: tuple[Era, ...] = (*WASMTIME_ERAS, *WASMER_ERAS)
NEWEST = WASMTIME_48


def version_key(version: str) -> tuple[int, ...]:
    """What decides the era: no runtime ever changed its layout in a patch release."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def era_of(runtime: str, version: str) -> Era:
    """The era of a runtime's release. Raises UserError."""
    mine = [era for era in ERAS if era.runtime == runtime]
    if not mine:
        raise UserError(f"no layouts of {runtime!r}", "known: " + ", ".join(sorted({era.runtime for era in ERAS})))
    if not re.fullmatch(r"v?\d{1,4}(\.\d{1,4}){0,3}([-+.].{0,20})?", version):
        raise UserError(f"{version!r} is no release", f"such as {runtime}@{mine[0].last_version}")
    key = version_key(version)
    for era in mine:
        if version_key(era.first_version)[: len(key)] <= key <= version_key(era.last_version)[: len(key)]:
            return era
    raise UserError(
        f"no layout of {runtime} {version} is known",
        f"from {mine[-1].first_version} to {mine[0].last_version}: wasmscope layout --eras",
    )


def chosen(text: str) -> Era:
    """`wasmtime@36`, or a runtime alone for its newest. Raises UserError."""
    runtime, at, version = text.partition("@")
    newest = next((era for era in ERAS if era.runtime == runtime), None)
    if not at and newest is not None:
        return newest
    return era_of(runtime, version)
