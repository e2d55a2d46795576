import pytest

import investiq as iq
from investiq.core import compiling
from investiq.indicators import ranges, recursions, warming, windows


def compiled():
    """The compiled functions of the families, and for how many kinds of arguments each is compiled."""
    return {
        f"{module.__name__}.{name}": len(kernel.overloads)
        for module in (windows, recursions, ranges)
        for name, kernel in vars(module).items()
        if hasattr(kernel, "overloads")
    }


def test_what_is_warmed_up_is_what_an_analysis_needs(monkeypatch):
    # As in a process that has no cache on disk: each job is done.
    monkeypatch.setattr(warming, "is_ready", lambda kernel: False)
    for job in warming.technical_jobs():
        job()
    before = compiled()
    iq.analyze(iq.load_bars("^GSPC")[-300:])
    assert compiled() == before


@pytest.mark.parametrize("family", [windows, recursions, ranges], ids=lambda module: module.__name__)
def test_every_kernel_is_on_the_list(family, monkeypatch):
    monkeypatch.setattr(warming, "is_ready", lambda kernel: False)
    warmed = {job.func for job in warming.jobs()}
    kernels = {name for name, each in vars(family).items() if hasattr(each, "overloads") and not name.startswith("_")}
    # Parts of the others.
    kernels -= {"lay", "moments_into", "rolling_sum", "mean_deviation"}
    assert kernels <= {kernel.py_func.__name__ for kernel in warmed}


def test_nothing_is_left_to_do_once_it_is_done():
    for job in warming.jobs():
        job()
    assert warming.technical_jobs() == []
    assert warming.jobs() == []
    assert compiling.is_ready(windows.rolling_mean)
