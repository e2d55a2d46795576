import sys

import numpy as np
import pytest

from investiq.core.errors import ConfigError, DataError, MissingDependencyError
from investiq.models import finbert
from investiq.models.finbert import FinBert, tones_of

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "profit", "rises", "falls", "the", "maker", "of", "carts", "."]
LABELS = {0: "neutral", 1: "negative", 2: "positive"}


def make_model(folder, labels=LABELS, seed=0):
    """Write a BERT of two small layers with random weights, laid out as FinBERT's files are."""
    torch = pytest.importorskip("torch", reason="the extra dl is not installed")
    transformers = pytest.importorskip("transformers", reason="the extra dl is not installed")
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    torch.manual_seed(seed)
    config = transformers.BertConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=512, num_labels=3, id2label=labels, initializer_range=0.5,
    )  # fmt: skip
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    transformers.BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_model(tmp_path_factory.mktemp("models") / "tiny")


def test_the_tone_is_the_positive_probability_less_the_negative_one():
    logits = np.log([[0.7, 0.1, 0.2], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]])
    assert tones_of(logits, 0, 1) == pytest.approx([0.6, -0.7, 0.0])
    # Bad news stay bad: the sign is there once, whatever the most likely label.
    assert tones_of(logits, 1, 0) == pytest.approx([-0.6, 0.7, 0.0])
    assert tones_of(np.array([[1000.0, 0.0, 0.0]]), 0, 1) == pytest.approx([1.0])


def test_the_classes_are_found_by_their_names():
    assert finbert._places({0: "positive", 1: "negative", 2: "neutral"}) == (0, 1)
    assert finbert._places({0: "Neutral", 1: "Negative", 2: "Positive"}) == (2, 1)
    with pytest.raises(DataError, match="classes are called LABEL_0, LABEL_1; expected 'positive' and 'negative'"):
        finbert._places({0: "LABEL_0", 1: "LABEL_1"})


def test_without_the_extra_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingDependencyError, match="python -m pip install torch"):
        FinBert()


def test_readings_are_kept_by_text_and_model(tmp_path):
    one = finbert._Readings(tmp_path / "cache", "model one")
    one.keep({"a": 0.25, "b": -0.5})
    again = finbert._Readings(tmp_path / "cache", "model one")
    assert again.find(["b", "a", "c"]) == {"b": -0.5, "a": 0.25}
    assert finbert._Readings(tmp_path / "cache", "model two").find(["a"]) == {}
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cache_dir must be a folder"):
        finbert._Readings(tmp_path / "file", "model one")


def test_the_class_reads_like_the_model_itself(folder):
    import torch
    import transformers

    model = transformers.BertForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = transformers.BertTokenizer.from_pretrained(folder)
    texts = [("profit rises", "the maker of carts"), ("profit falls", ""), ("the maker", "profit " * 700)]
    expected = []
    for title, description in texts:
        tokens = tokenizer(
            [f"{title}. {description}".strip(". ")], truncation=True, max_length=512, return_tensors="pt"
        )
        with torch.inference_mode():
            chances = model(**tokens).logits.softmax(dim=1)[0]
        expected.append(float(chances[2] - chances[1]))
    found = FinBert(folder).score(*zip(*texts, strict=True))
    assert found == pytest.approx(expected, abs=1e-5)
    assert np.ptp(found) > 0.01


def test_many_texts_are_read_in_batches_and_each_as_alone(folder):
    rng = np.random.default_rng(1)
    titles = [" ".join(rng.choice(WORDS[5:], rng.integers(1, 30))) for _ in range(70)]
    scorer = FinBert(folder)
    together = scorer.score([*titles, ""], [""] * 71)
    alone = [scorer.score([title], [""])[0] for title in titles[::10]]
    assert together[:-1:10] == pytest.approx(alone, abs=1e-5)
    assert together[-1] == 0.0
    assert (np.abs(together) <= 1).all()


def test_a_kept_reading_is_not_made_again(folder, tmp_path):
    first = FinBert(folder, cache_dir=tmp_path)
    tones = first.score(["profit rises", "profit falls"], ["", ""])
    second = FinBert(folder, cache_dir=tmp_path)
    second._model = None  # nothing is left to read
    assert second.score(["profit falls", "profit rises"], ["", ""]).tolist() == tones[::-1].tolist()


def test_the_version_follows_the_weights(folder, tmp_path):
    other = FinBert(make_model(tmp_path / "other", seed=1))
    assert other.version != FinBert(folder).version
    assert other.version == FinBert(tmp_path / "other").version
    assert other.name == "FinBERT"


def test_a_model_that_is_not_on_this_machine_is_not_downloaded(tmp_path):
    pytest.importorskip("transformers", reason="the extra dl is not installed")
    with pytest.raises(DataError, match="are not on this machine; fetch them once with"):
        FinBert(tmp_path / "nowhere")


def test_the_engine_takes_the_model_as_its_scorer(folder):
    import investiq as iq
    from investiq.engines.sentiment.engine import SentimentEngine

    news = iq.load_records("SYN001", "news")
    history = iq.History.of(iq.load_bars("SYN001"), records=[news])
    table = SentimentEngine(FinBert(folder)).features(history)
    assert (table["using_finbert"] == 1).all()
    assert np.isfinite(table["avg_sentiment"].iloc[-1])
