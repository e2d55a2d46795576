"""Word lists from a file of the user's own, such as the Loughran-McDonald dictionary, which is not shipped."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from investiq.core.errors import DataError
from investiq.engines.sentiment.word_list import WordList

__all__ = ["read_word_list"]

_COLUMNS = ("Word", "Positive", "Negative")


def read_word_list(path: str | Path, *, name: str | None = None) -> WordList:
    """Return the word list of a CSV file laid out like the Loughran-McDonald master dictionary.

    Words are taken as they stand: the dictionary holds every inflected form
    itself. It needs a licence for commercial use, from its authors.

    Parameters
    ----------
    path : str or Path
        With the columns ``Word``, ``Positive`` and ``Negative``; a word belongs to a
        list where its number there is above 0 (the year it was added; years
        below 0 mark removals).
    name : str, optional
        By default the name of the file.

    Returns
    -------
    WordList

    Raises
    ------
    DataError
        If there is no such file, a column is missing, or `WordList` refuses the words.

    References
    ----------
    .. [1] Loughran, T. and McDonald, B. (2011). "When is a liability not a
       liability?" Journal of Finance 66(1), 35-65.
    """
    file = Path(path)
    if not file.is_file():
        raise DataError(f"no word list at {file}; expected a CSV file with the columns {', '.join(_COLUMNS)}")
    # "null" and "nan" are words here.
    table = pd.read_csv(file, keep_default_na=False)
    if absent := [column for column in _COLUMNS if column not in table]:
        raise DataError(f"{file} has no column {', '.join(absent)}; found {', '.join(map(str, table.columns[:8]))}")
    words = table["Word"].astype(str).str.lower()
    positive, negative = (
        frozenset(words[pd.to_numeric(table[column], errors="coerce") > 0]) for column in ("Positive", "Negative")
    )
    return WordList(positive=positive, negative=negative, name=name or file.stem)
