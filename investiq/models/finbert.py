"""FinBERT, a language model that reads the tone of financial texts, from files on this machine."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError, DataError, MissingDependencyError

__all__ = ["FinBert", "tones_of"]

FloatArray = NDArray[np.float64]

MODEL: Final = "ProsusAI/finbert"
BATCH: Final = 32
LONGEST: Final = 512  # tokens, the title and the description together
_SIDES: Final = ("positive", "negative")


class FinBert:
    """A scorer by ProsusAI's FinBERT, or another model with its three classes.

    The tone of an article is the probability that title and description are
    positive, less the probability that they are negative [1]_. The model is read from a
    folder or from the local cache; nothing is downloaded here.

    Parameters
    ----------
    path_or_name : str or Path, default "ProsusAI/finbert"
        A folder with the model's files, or the name of one that `download` has fetched.
    cache_dir : str or Path, optional
        Where the readings of texts are kept, by text and model; by default they
        are not kept. They never expire: the same model reads a text the same way.

    Raises
    ------
    MissingDependencyError
        If torch or transformers is not installed.
    DataError
        If the model's files are not on this machine, or its classes are others.

    References
    ----------
    .. [1] Araci, D. (2019). "FinBERT: financial sentiment analysis with
       pre-trained language models." arXiv:1908.10063.
    """

    name = "FinBERT"

    def __init__(self, path_or_name: str | Path = MODEL, *, cache_dir: str | Path | None = None) -> None:
        transformers = _transformers()
        source = str(path_or_name)
        try:
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(source, local_files_only=True)
            self._model = transformers.AutoModelForSequenceClassification.from_pretrained(source, local_files_only=True)
        except (OSError, ValueError) as error:
            raise DataError(
                f"the files of the model {source!r} are not on this machine; fetch them once with "
                f"investiq.models.finbert.FinBert.download({source!r}), or pass the folder that holds them"
            ) from error
        self._model.eval()
        self._places = _places(self._model.config.id2label)
        self.version = _revision(self._model.config, source)
        self._kept = None if cache_dir is None else _Readings(Path(cache_dir), self.version)

    @staticmethod
    def download(name: str = MODEL, *, revision: str = "main") -> Path:
        """Fetch a model's files from the Hugging Face hub and return their folder.

        The only step that uses the network. The files are some 440 MB; pass the
        folder to `FinBert`, or the name, which then is found in the local cache.
        """
        _transformers()
        from huggingface_hub import snapshot_download

        kinds = ["*.json", "*.txt", "*.safetensors", "*.bin"]
        return Path(snapshot_download(name, revision=revision, allow_patterns=kinds))

    def score(self, titles: Sequence[str], descriptions: Sequence[str]) -> FloatArray:
        """Return the tone of each article in [-1, 1], a pure function of the texts.

        Parameters
        ----------
        titles, descriptions : sequence of str, length n_articles

        Returns
        -------
        ndarray of shape (n_articles,)
            0.0 for an article without a text.
        """
        if len(titles) != len(descriptions):
            raise DataError(f"expected one description for each of {len(titles)} titles, found {len(descriptions)}")
        texts = [f"{title}. {text}".strip(". ") for title, text in zip(titles, descriptions, strict=True)]
        known = {} if self._kept is None else self._kept.find(texts)
        unread = [text for text in dict.fromkeys(texts) if text and text not in known]
        # Texts of like length share a batch, which pads them less.
        unread.sort(key=len)
        for first in range(0, len(unread), BATCH):
            batch = unread[first : first + BATCH]
            read = dict(zip(batch, tones_of(self._logits(batch), *self._places).tolist(), strict=True))
            if self._kept is not None:
                self._kept.keep(read)
            known |= read
        return np.array([known[text] if text else 0.0 for text in texts], dtype=float)

    def _logits(self, texts: list[str]) -> FloatArray:
        import torch

        tokens = self._tokenizer(texts, padding=True, truncation=True, max_length=LONGEST, return_tensors="pt")
        with torch.inference_mode():
            logits: FloatArray = self._model(**tokens).logits.double().numpy()
        return logits


def tones_of(logits: FloatArray, positive: int, negative: int) -> FloatArray:
    """Return the probability of the positive class less that of the negative one.

    Parameters
    ----------
    logits : ndarray of shape (n_texts, n_classes)
    positive, negative : int
        The columns of the two classes.

    Returns
    -------
    ndarray of shape (n_texts,)
        In [-1, 1].

    Examples
    --------
    >>> tones_of(np.log([[0.7, 0.1, 0.2], [0.2, 0.6, 0.2]]), positive=0, negative=1).round(9)
    array([ 0.6, -0.4])
    """
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    tones: FloatArray = (odds[:, positive] - odds[:, negative]) / odds.sum(axis=1)
    return tones


def _places(labels: Mapping[int, str]) -> tuple[int, int]:
    """Return where a model has its positive and its negative class, by its own names for them."""
    by_name = {str(name).lower(): int(place) for place, name in labels.items()}
    if not set(_SIDES) <= set(by_name):
        raise DataError(
            f"the model's classes are called {', '.join(map(str, labels.values()))}; expected 'positive' and 'negative' "
            "among them in its config.json (id2label)"
        )
    return by_name["positive"], by_name["negative"]


def _revision(config: Any, source: str) -> str:
    """Return the commit of a model from the hub, of another a digest of its files."""
    if commit := getattr(config, "_commit_hash", None):
        return str(commit)
    digest = hashlib.sha256()
    files = sorted(each for each in Path(source).iterdir() if each.is_file())
    for file in files:
        digest.update(file.name.encode())
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()[:16]


class _Readings:
    """The tones of texts that one model has read, in a file."""

    def __init__(self, folder: Path, version: str) -> None:
        if folder.exists() and not folder.is_dir():
            raise ConfigError(f"cache_dir must be a folder, {folder} is a file")
        folder.mkdir(parents=True, exist_ok=True)
        self.file, self.version = folder / "finbert.sqlite", version
        with closing(sqlite3.connect(self.file)) as database, database:
            database.execute(
                "create table if not exists tones (model text, text text, tone real, primary key (model, text))"
            )

    def find(self, texts: Sequence[str]) -> dict[str, float]:
        """Return the tones that are kept, by text."""
        found = {}
        with closing(sqlite3.connect(self.file)) as database:
            for text in dict.fromkeys(texts):
                row = database.execute(
                    "select tone from tones where model = ? and text = ?", (self.version, _digest(text))
                ).fetchone()
                if row is not None:
                    found[text] = float(row[0])
        return found

    def keep(self, tones: Mapping[str, float]) -> None:
        rows = [(self.version, _digest(text), tone) for text, tone in tones.items()]
        with closing(sqlite3.connect(self.file)) as database, database:
            database.executemany("insert or replace into tones values (?, ?, ?)", rows)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _transformers() -> Any:
    for package in ("torch", "transformers"):
        try:
            __import__(package)
        except ImportError as error:
            raise MissingDependencyError(package, "dl", "FinBERT") from error
    import transformers

    return transformers
