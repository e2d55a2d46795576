"""What reads the tone of texts: the contract of the built-in word list and of models that are loaded elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Scorer"]


class Scorer(Protocol):
    """Reads the tone of texts.

    Attributes
    ----------
    name, version : str
        Such as ``"word list"`` and ``"1"``; stated in every result.
    """

    @property
    def name(self) -> str:
        """Which scorer."""
        ...

    @property
    def version(self) -> str:
        """The version of its words or weights."""
        ...

    def score(self, titles: Sequence[str], descriptions: Sequence[str]) -> NDArray[np.float64]:
        """Return the tone of each article in [-1, 1], above 0 good news; a pure function of the texts.

        Returns
        -------
        ndarray of shape (n_articles,)
            0.0 for a text that is read and says nothing either way.
        """
        ...
