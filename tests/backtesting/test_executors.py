"""Chunks in processes and on a cluster: the same bits, and a lost worker costs nothing but time."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import investiq as iq
from investiq.backtesting import sweep_chunks
from investiq.core.errors import MissingDependencyError
from investiq.runtime.executors import LostWorkersError, executor_name, run_chunks
from investiq.strategies import Crossover

ARGUMENTS = {"fast": range(2, 10), "slow": range(12, 24), "weight": 1.0, "lot": None, "max_volume_participation": None}


def square(number):
    return number * number


def dies_once(argument):
    """End the process at the first visit of number 3; later ones find the file that it left."""
    number, folder = argument
    mark = Path(folder) / "died"
    if number == 3 and not mark.exists():
        mark.touch()
        os._exit(1)
    return number * number


def dies(number):
    os._exit(1)


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(sweep_chunks, "CHUNK", 32)


@pytest.fixture(scope="module")
def bars(gspc):
    return gspc[4000:]


def test_serial_answers_in_order():
    assert list(run_chunks(square, enumerate([1, 2, 3]), None, in_flight=1)) == [(0, 1), (1, 4), (2, 9)]


def test_processes_give_the_same_bits_and_survive_a_lost_worker(bars, small_chunks, tmp_path):
    alone = iq.sweep(Crossover, bars, **ARGUMENTS)
    apart = iq.sweep(Crossover, bars, executor="processes", **ARGUMENTS)
    assert apart.statistics.tobytes() == alone.statistics.tobytes()
    assert apart.ways.tolist() == alone.ways.tolist()
    chunks = enumerate([(number, str(tmp_path)) for number in range(6)])
    answers = list(run_chunks(dies_once, chunks, "processes", in_flight=2))
    assert (tmp_path / "died").exists()
    assert sorted(answers) == [(0, 0), (1, 1), (2, 4), (3, 9), (4, 16), (5, 25)]


def test_a_chunk_that_ends_every_worker_is_an_error():
    with pytest.raises(LostWorkersError, match="chunk 0 lost its worker 3 times"):
        list(run_chunks(dies, enumerate([1]), "processes", in_flight=0))


def test_a_cluster_gives_the_same_bits_and_survives_a_lost_worker(bars, small_chunks, tmp_path):
    distributed = pytest.importorskip("distributed")
    alone = iq.sweep(Crossover, bars, **ARGUMENTS)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        apart = iq.sweep(Crossover, bars, executor=client, **ARGUMENTS)
        assert apart.statistics.tobytes() == alone.statistics.tobytes()
        chunks = enumerate([(number, str(tmp_path)) for number in range(6)])
        answers = list(run_chunks(dies_once, chunks, client, in_flight=2))
    assert (tmp_path / "died").exists()
    assert sorted(answers) == [(0, 0), (1, 1), (2, 4), (3, 9), (4, 16), (5, 25)]


def test_without_dask_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(
        MissingDependencyError, match="executor='dask' needs the package 'distributed' of the extra 'scale'"
    ):
        executor_name("dask")
