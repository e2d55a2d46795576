"""Where the chunks of long work run: in this process, in others, or on a cluster; the numbers are the same everywhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Final, TypeAlias, TypeVar

from investiq.core.errors import ConfigError, InvestIQError, MissingDependencyError

__all__ = ["ATTEMPTS", "Executor", "LostWorkersError", "executor_name", "run_chunks", "worker_count"]

# None and "serial" are this process; else other processes of this machine, or a distributed.Client.
Executor: TypeAlias = Any

# Times that a chunk is sent out before its loss is an error.
ATTEMPTS: Final = 3

Chunk = TypeVar("Chunk")
Answer = TypeVar("Answer")


class LostWorkersError(InvestIQError):
    """Workers died again and again with the same chunk: run it in this process to see why."""


def worker_count() -> int:
    """Return the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def executor_name(executor: Executor) -> str:
    """Return ``"serial"``, ``"processes"`` or ``"dask"``.

    Raises
    ------
    ConfigError
        If it is none of these.
    MissingDependencyError
        If dask is asked for and is not installed.

    Examples
    --------
    >>> executor_name(None), executor_name("processes")
    ('serial', 'processes')
    """
    if executor is None or executor == "serial":
        return "serial"
    if executor == "processes":
        return "processes"
    if executor == "dask" or type(executor).__module__.partition(".")[0] == "distributed":
        _distributed()
        return "dask"
    raise ConfigError(f"executor must be None, 'serial', 'processes', 'dask' or a distributed.Client, was {executor!r}")


def run_chunks(
    compute: Callable[[Chunk], Answer], chunks: Iterable[tuple[int, Chunk]], executor: Executor, *, in_flight: int
) -> Iterator[tuple[int, Answer]]:
    """Compute every chunk once, and return the answers as they come, each with its number.

    Parameters
    ----------
    compute : callable
        Takes a chunk; both can be pickled (by cloudpickle, so a class of a notebook will do).
    chunks : iterable of (int, chunk)
        Made when there is room for them.
    executor : None, {"serial", "processes", "dask"} or distributed.Client
        ``"dask"`` is the client that this process has made last.
    in_flight : int
        Chunks that are sent out at a time, beyond one for each worker.

    Raises
    ------
    LostWorkersError
        If a chunk was lost `ATTEMPTS` times.
    """
    name = executor_name(executor)
    if name == "serial":
        yield from ((number, compute(chunk)) for number, chunk in chunks)
    elif name == "processes":
        yield from _by_processes(compute, iter(chunks), in_flight)
    else:
        yield from _by_dask(compute, iter(chunks), executor, in_flight)


def _by_processes(
    compute: Callable[[Chunk], Answer], chunks: Iterator[tuple[int, Chunk]], in_flight: int
) -> Iterator[tuple[int, Answer]]:
    from joblib.externals.loky import ProcessPoolExecutor

    workers = worker_count()
    # Lost chunks come first, then new ones.
    again: list[tuple[int, Chunk]] = []
    attempts: dict[int, int] = {}
    while True:
        sent: dict[Future[Answer], tuple[int, Chunk]] = {}
        pool = ProcessPoolExecutor(max_workers=workers)
        try:
            while True:
                while len(sent) < workers + in_flight and (item := _next(again, chunks)) is not None:
                    sent[pool.submit(compute, item[1])] = item
                if not sent:
                    return
                done, _ = wait(sent, return_when=FIRST_COMPLETED)
                for future in done:
                    answer = future.result()
                    yield sent.pop(future)[0], answer
        except BrokenProcessPool:
            # Every future of a broken pool is lost, but for those that had ended well.
            for future, item in sent.items():
                if future.done() and future.exception() is None:
                    yield item[0], future.result()
                else:
                    _count(attempts, item[0])
                    again.append(item)
        finally:
            pool.shutdown(wait=True, kill_workers=True)


def _by_dask(
    compute: Callable[[Chunk], Answer], chunks: Iterator[tuple[int, Chunk]], executor: Executor, in_flight: int
) -> Iterator[tuple[int, Answer]]:
    distributed = _distributed()
    client = distributed.default_client() if executor == "dask" else executor
    again: list[tuple[int, Chunk]] = []
    attempts: dict[int, int] = {}
    sent: dict[Any, tuple[int, Chunk]] = {}
    try:
        while True:
            room = max(len(client.scheduler_info(n_workers=-1)["workers"]), 1) + in_flight
            while len(sent) < room and (item := _next(again, chunks)) is not None:
                # The scheduler gives a chunk to another worker where one is lost; a second answer is never read.
                sent[client.submit(compute, item[1], pure=False, retries=ATTEMPTS)] = item
            if not sent:
                return
            future = next(iter(distributed.as_completed(list(sent))))
            number, chunk = sent.pop(future)
            try:
                answer = future.result()
            except (distributed.scheduler.KilledWorker, distributed.client.FutureCancelledError):
                _count(attempts, number)
                again.append((number, chunk))
            else:
                yield number, answer
    finally:
        client.cancel(list(sent))


def _next(again: list[tuple[int, Chunk]], chunks: Iterator[tuple[int, Chunk]]) -> tuple[int, Chunk] | None:
    return again.pop(0) if again else next(chunks, None)


def _count(attempts: dict[int, int], number: int) -> None:
    attempts[number] = attempts.get(number, 0) + 1
    if attempts[number] >= ATTEMPTS:
        raise LostWorkersError(
            f"chunk {number} lost its worker {ATTEMPTS} times, so it is probably what ends them (memory, or a crash in a "
            "library); run it with executor=None to see where, or with smaller chunks of data"
        )


def _distributed() -> Any:
    try:
        import distributed
    except ImportError:
        raise MissingDependencyError("distributed", "scale", "executor='dask'") from None
    return distributed
