"""What an analysis compiles ahead is what the probabilistic layer then calls."""

from __future__ import annotations

from investiq import History
from investiq.engines import scoring_kernels, warming
from investiq.engines.probabilistic import filtering, switching
from investiq.engines.probabilistic.layer import ProbabilisticLayer
from investiq.indicators import kalman
from investiq.metrics import markov_kernel

KERNELS = {
    kernel.py_func.__name__: kernel
    for kernel in (
        scoring_kernels.trailing_places,
        kalman.trend_pass,
        kalman.weighted_mean_pass,
        markov_kernel.long_run,
        markov_kernel.filter_pass,
        markov_kernel.expectations,
    )
}


def kinds():
    """Return for how many kinds of arguments each is compiled."""
    return {name: len(kernel.overloads) for name, kernel in KERNELS.items()}


def test_what_is_warmed_up_is_what_the_layer_needs(monkeypatch, sample):
    monkeypatch.setattr(warming, "is_ready", lambda kernel: kernel not in KERNELS.values())
    jobs = [job for job in warming.jobs() if job.func in KERNELS.values()]
    assert {job.func.py_func.__name__ for job in jobs} == set(KERNELS)
    for job in jobs:
        job()
    before = kinds()
    filtering._variances.cache_clear()
    switching._states.cache_clear()
    ProbabilisticLayer().features(History.of(sample[:400]))
    assert kinds() == before
