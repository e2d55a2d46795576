"""The manifest: versions, data and parameters, as JSON and back."""

from __future__ import annotations

import importlib.metadata
import json
import math
import platform
from datetime import UTC, datetime

import investiq
from investiq.core.manifest import Manifest, plain

MOMENT = datetime(2018, 12, 31, 21, tzinfo=UTC)


def manifest(**changes):
    values = {"kind": "test", "data": {"^GSPC": "ab12"}, "parameters": {"window": 20}, "created_at": MOMENT, "seed": 7}
    return Manifest.of(**{**values, **changes})


def test_versions_are_those_installed_here():
    made = manifest()
    assert made.code_version == investiq.__version__
    assert made.python == platform.python_version()
    assert made.packages["numpy"] == importlib.metadata.version("numpy")
    assert made.packages["ta-lib"] == importlib.metadata.version("TA-Lib")


def test_a_manifest_goes_through_json_and_back():
    made = manifest(parameters={"tiers": ((800.0, 0.005), (math.inf, 0.003)), "stop": None})
    text = json.dumps(made.to_dict(), allow_nan=False)
    assert Manifest.from_dict(json.loads(text)) == made
    assert Manifest.from_dict(json.loads(text)).created_at == MOMENT


def test_the_time_of_a_run_is_recorded_but_is_no_part_of_what_it_was():
    assert manifest() == manifest(created_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert manifest() != manifest(seed=8)


def test_infinities_become_words_that_float_reads():
    assert plain({"a": (math.inf, -math.inf, 1.5)}) == {"a": ["inf", "-inf", 1.5]}
    assert float(plain(math.inf)) == math.inf
    assert math.isnan(float(plain(math.nan)))
