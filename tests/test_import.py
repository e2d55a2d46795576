"""What an import costs, and that every public name leads somewhere."""

from __future__ import annotations

import subprocess
import sys

import pytest

import investiq as iq

# numpy alone would take the whole budget of 0.3 s, pandas five times as much; modules are asserted, not seconds.
HEAVY = ("numpy", "pandas", "matplotlib", "sklearn", "vectorbt", "plotly", "pydantic")


def _loaded_after(code):
    report = f"import sys\n{code}\nprint('loaded:', *(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True)
    return done.stdout


def test_importing_the_package_loads_nothing_heavy():
    assert _loaded_after("import investiq") == "loaded:\n"


@pytest.mark.parametrize("arguments", ["['--help']", "['backtest', '--help']", "['report', 'tear-sheet', '--help']"])
def test_the_help_of_the_command_line_loads_nothing_heavy(arguments):
    output = _loaded_after(f"from investiq.cli import main\nmain({arguments}, standalone_mode=False)")
    assert output.startswith("Usage:")
    assert output.endswith("\nloaded:\n")


def test_dir_lists_the_public_names():
    assert set(iq.__all__) <= set(dir(iq))
    assert [name for name in dir(iq) if not name.startswith("_")] == sorted(iq.__all__)


@pytest.mark.parametrize("name", iq.__all__)
def test_every_public_name_resolves(name):
    value = getattr(iq, name)
    assert value.__name__.rsplit(".", 1)[-1] == name
    assert value.__doc__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'backtset'"):
        iq.backtset
