"""Keys and folders: one series, one place, on every file system."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.core.errors import ConfigError, DataError
from investiq.market.series import SeriesKey, encoded, folder_of, key_of, stored_keys

# Names that Windows keeps for devices, whatever follows the point.
DEVICES = ("CON", "PRN", "AUX", "NUL", "COM1", "LPT1", "CON.X")


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("AAPL", "AAPL"),
        ("BRK.B", "BRK.B"),
        ("BF-B", "BF-B"),
        ("^GSPC", "%5EGSPC"),
        ("brk/b", "%62%72%6B%2F%62"),
        ("A B", "A%20B"),
        ("ABC.", "ABC%2E"),
        ("..", ".%2E"),
        ("ÖL", "%C3%96L"),
        ("O:AAPL240119C00190000", "O%3AAAPL240119C00190000"),
        ("100%", "100%25"),
    ],
)
def test_a_symbol_is_encoded_so_that_every_file_system_takes_it(symbol, name):
    assert encoded(symbol) == name


@given(st.text(max_size=20), st.text(max_size=20))
def test_two_symbols_never_share_a_folder_even_where_case_does_not_count(first, second):
    assert (encoded(first).upper() == encoded(second).upper()) == (first == second)


@given(st.text(max_size=20))
def test_no_encoded_name_is_special_to_windows(symbol):
    name = f"symbol={encoded(symbol)}"
    assert not set(name) & set('<>:"/\\|?*')
    assert not name.endswith((".", " "))
    assert name.isprintable()


@pytest.mark.parametrize("symbol", DEVICES)
def test_a_device_name_is_no_name_of_its_own(symbol):
    folder = SeriesKey("bars", "massive", symbol).path.split("/")[-1]
    assert folder.split(".")[0].upper() not in DEVICES


@given(
    st.text(max_size=20),
    st.sampled_from(["massive", "alpaca", "twelve_data"]),
    st.sampled_from(["", "sip", "iex"]),
    st.sampled_from([("1d", "regular"), ("1min", "regular"), ("1min", "extended"), ("1mo", "regular")]),
)
def test_a_path_tells_its_key(symbol, provider, feed, span):
    key = SeriesKey("bars", provider, symbol, span[0], feed, span[1])
    assert key_of(key.path) == key


def test_the_layout_of_bars_extended_bars_and_records():
    assert SeriesKey("bars", "alpaca", "A", "1d", "sip").path == "bars/provider=alpaca/feed=sip/interval=1d/symbol=A"
    assert SeriesKey("bars", "alpaca", "A", "5min", "sip", "extended").path == (
        "bars/provider=alpaca/feed=sip/interval=5min/session=extended/symbol=A"
    )
    assert SeriesKey("news", "massive", "A").path == "news/provider=massive/feed=/symbol=A"
    assert SeriesKey("bars", "massive", "A", "1min").actions.path == "actions/provider=massive/feed=/symbol=A"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("bar", "massive", "A"), "unknown dataset 'bar'; did you mean 'bars'"),
        (("bars", "Massive", "A"), "provider must be a word of a-z"),
        (("bars", "", "A"), "provider must be a word of a-z"),
        (("bars", "massive", "A", "1d", "a/b"), "feed must be a word"),
        (("news", "massive", "A", "1min"), "interval and session are of bars"),
        (("actions", "massive", "A", "1d", "sip"), "actions belong to a provider"),
        (("bars", "massive", "A", "1d", "", "extended"), "extended hours are of intraday bars"),
        (("bars", "massive", "A", "1min", "", "night"), "session must be"),
        (("bars", "massive", "a" * 80), "too long"),
    ],
)
def test_a_key_that_fits_no_folder_is_refused(arguments, words):
    with pytest.raises(DataError, match=words):
        SeriesKey(*arguments)


def test_an_unknown_interval_is_refused():
    with pytest.raises(ConfigError, match="1M"):
        SeriesKey("bars", "massive", "A", "1M")


def test_stored_keys_are_found_by_any_part(tmp_path):
    keys = [
        SeriesKey("actions", "massive", "A"),
        SeriesKey("bars", "alpaca", "A", "1min", "sip"),
        SeriesKey("bars", "alpaca", "A", "1min", "sip", "extended"),
        SeriesKey("bars", "massive", "a"),
        SeriesKey("bars", "massive", "A"),
    ]
    for key in keys:
        folder_of(tmp_path, key).mkdir(parents=True)
    (tmp_path / "notes").mkdir()
    assert set(stored_keys(tmp_path)) == set(keys)
    assert set(stored_keys(tmp_path, "bars", symbol="A")) == {keys[1], keys[2], keys[4]}
    assert list(stored_keys(tmp_path, provider="massive", symbol="a")) == [keys[3]]
    assert list(stored_keys(tmp_path / "nothing")) == []
