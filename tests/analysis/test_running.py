"""A crash in one engine, and what the others make of it."""

import logging

import numpy as np
import pytest

import investiq as iq
from investiq.analysis.analyzing import analyze
from investiq.analysis.running import run_engine
from investiq.core.errors import DataError
from investiq.engines.technical.engine import TechnicalEngine


class Unreadable:
    """A scorer whose model is broken."""

    name, version = "broken", "1"

    def __init__(self, error):
        self.error = error

    def score(self, titles, descriptions):
        raise self.error


class Broken(TechnicalEngine):
    name = "broken"

    def features(self, history):
        return {}["no such column"]


@pytest.fixture(scope="module")
def history():
    return iq.History.of(iq.load_bars("^GSPC")[-300:])


def test_an_engine_that_fails_is_silent_with_its_error(history, caplog):
    with caplog.at_level(logging.ERROR, "investiq.analysis"):
        run = run_engine(Broken(), history)
    assert np.isnan(run.signal.score)
    assert run.signal.reason == "failed: KeyError: 'no such column'"
    assert (run.signal.n_obs, run.signal.as_of) == (300, run_engine(TechnicalEngine(), history).signal.as_of)
    assert "the broken engine failed" in run.notes[0].text
    assert run.notes[0].severity == "error"
    # The trace is where someone who mends it looks.
    assert "no such column" in caplog.text
    assert caplog.records[0].exc_info


@pytest.mark.parametrize("error", [RuntimeError("out of vocabulary"), DataError("no such model"), OSError(5)])
def test_a_scorer_that_raises_silences_sentiment_alone(error, news_history):
    whole = analyze(news_history)
    broken = analyze(news_history, scorer=Unreadable(error))
    assert not np.isnan(whole.engines["sentiment"].score)
    assert np.isnan(broken.engines["sentiment"].score)
    assert broken.engines["technical"].evidence == whole.engines["technical"].evidence
    assert broken.table["technical_score"].equals(whole.table["technical_score"])
    assert broken.coverage < whole.coverage
    assert type(error).__name__ in broken.engines["sentiment"].reason
    assert [note.code for note in broken.notes].count("engine_failed") == 1
    assert "the sentiment engine failed" in str(broken)
    assert "the sentiment engine failed" in broken._repr_html_()
    # Models that read the table find every column, empty.
    assert broken.table.columns.equals(whole.table.columns)
    assert broken.table[["sentiment_score", "avg_sentiment"]].isna().all(axis=None)


def test_an_interrupt_is_not_held_back(news_history):
    with pytest.raises(KeyboardInterrupt):
        analyze(news_history, scorer=Unreadable(KeyboardInterrupt()))
