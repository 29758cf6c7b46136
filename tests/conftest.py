"""Chooses the era that tests run in: `WASMSCOPE_TEST_ERA=invented` for the invented one."""

from __future__ import annotations

import os

import vm.eras
from tests.invented_era import INVENTED

if os.environ.get("WASMSCOPE_TEST_ERA") == "invented":
    vm.eras.NEWEST = INVENTED
