"""Chooses the era that tests run in, and what runs the machines.

`WASMSCOPE_TEST_ERA=invented` is the invented era, `WASMSCOPE_TEST_ERA=wasmtime@36` a real one.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

import ui.start
import vm.eras
from tests.executors import maker
from tests.invented_era import INVENTED
from vm.eras.table import chosen
from vm.needs import LayoutError

if os.environ.get("WASMSCOPE_TEST_ERA") == "invented":
    vm.eras.NEWEST = INVENTED
elif os.environ.get("WASMSCOPE_TEST_ERA"):
    vm.eras.NEWEST = chosen(os.environ["WASMSCOPE_TEST_ERA"])

os.environ["XDG_CACHE_HOME"] = str(Path(__file__).parents[1] / ".pytest_cache")  # of programs started by tests
ui.start.make_executor = lambda kind: maker()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, None, None]:
    """What the chosen era's layout cannot hold is not tested in it."""
    try:
        yield
    except LayoutError as error:
        if "WASMSCOPE_TEST_ERA" in os.environ:
            pytest.skip(str(error))
        raise
