"""What several texts say together: the mean tone and the shares of good and bad ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import InsufficientDataError
from investiq.engines.sentiment.aggregation import TONE_CUT

__all__ = ["ToneSummary", "summarize_tones"]


@dataclass(frozen=True, kw_only=True)
class ToneSummary:
    """The tone of a batch of texts.

    Attributes
    ----------
    mean : float
        In [-1, 1].
    label : {"positive", "negative", "neutral"}
        Of the mean, beyond 0.2 either way.
    positive, negative, neutral : float
        Shares of the texts beyond 0.2, below -0.2 and between.
    count : int
    """

    mean: float
    label: Literal["positive", "negative", "neutral"]
    positive: float
    negative: float
    neutral: float
    count: int


def summarize_tones(tones: NDArray[np.float64]) -> ToneSummary:
    """Return the mean of tones and the shares of good, bad and neutral ones.

    Parameters
    ----------
    tones : ndarray of shape (n_texts,)
        As a scorer returns them.

    Raises
    ------
    InsufficientDataError
        If there is no text.

    Examples
    --------
    >>> summary = summarize_tones(np.array([1.0, 0.2, -0.5, 0.5]))
    >>> summary.label, summary.mean, summary.positive, summary.negative, summary.neutral
    ('positive', 0.3, 0.5, 0.25, 0.25)
    """
    if not tones.size:
        raise InsufficientDataError("a summary needs at least one text, received none")
    mean, good, bad = float(tones.mean()), float((tones > TONE_CUT).mean()), float((tones < -TONE_CUT).mean())
    return ToneSummary(
        mean=mean,
        label="positive" if mean > TONE_CUT else "negative" if mean < -TONE_CUT else "neutral",
        positive=good,
        negative=bad,
        neutral=float((np.abs(tones) <= TONE_CUT).mean()),
        count=int(tones.size),
    )
