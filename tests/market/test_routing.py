from datetime import UTC, datetime

import pytest

from investiq.core.errors import ConfigError, DataError, NotEntitledError, RateLimitedError, VendorError
from investiq.market.contract import Request
from investiq.market.routing import ask, chain, reasons_of, vendor
from investiq.runtime import clock
from tests.servers.scripted import ScriptedVendor, session_bars

# A Sunday: the last session is Friday 2018-12-28.
NOW = datetime(2018, 12, 30, 12, tzinfo=UTC)
BARS = ("bars", "AAPL")
WHOLE, SHORT = session_bars("2018-12-03", "2018-12-28"), session_bars("2018-12-03", "2018-12-26")
REQUEST = Request.of("bars", "AAPL", "2018-12-03", "2018-12-31")


@pytest.fixture(autouse=True)
def now():
    with clock.fixed(NOW):
        yield


def scripted(name, script):
    return ScriptedVendor({BARS: script} if script is not None else {}, name=name)


def asked(*scripts, request=REQUEST):
    vendors = [scripted(name, script) for name, script in zip("abc", scripts, strict=False)]
    return ask(request, vendors=vendors), vendors


def test_the_first_vendor_with_the_whole_series_answers_and_nobody_else_is_asked():
    answer, (_, second) = asked(WHOLE, WHOLE)
    assert (answer.provider, answer.status, answer.rows) == ("a", "ok", len(WHOLE))
    assert answer.attempts == ()
    assert answer.payload.notes == ()
    assert second.requests == []


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (NotEntitledError("the plan does not cover it"), "not_entitled"),
        (RateLimitedError("spent"), "rate_limited"),
        (VendorError("HTTP 503"), "error"),
        (DataError("unreadable"), "error"),
        (None, "empty"),
    ],
)
def test_every_failure_and_emptiness_moves_on_and_is_told(failure, status):
    answer, _ = asked(failure, WHOLE)
    assert (answer.provider, answer.status) == ("b", "ok")
    assert [(each.provider, each.status) for each in answer.attempts] == [("a", status)]
    (note,) = answer.payload.notes
    assert note.code == "provider_fallback"
    assert "AAPL: b answered the whole series, others did not: a: " + status in note.text


def test_a_series_without_its_newest_bars_is_asked_whole_from_the_next_vendor():
    answer, vendors = asked(SHORT, WHOLE)
    assert (answer.provider, answer.rows) == ("b", len(WHOLE))
    assert answer.attempts[0].status == "stale"
    # Not only the missing tail: the same request, from the same first day.
    assert vendors[1].requests == [REQUEST]


def test_of_stale_series_the_one_that_goes_furthest_answers_whole_and_says_so():
    answer, _ = asked(session_bars("2018-12-03", "2018-12-20"), SHORT, VendorError("down"))
    assert (answer.provider, answer.status, answer.rows) == ("b", "stale", len(SHORT))
    assert answer.reason == "newest AAPL bar from b is 2018-12-26, expected 2018-12-28"
    assert [each.provider for each in answer.attempts] == ["a", "c"]
    assert [note.code for note in answer.payload.notes] == ["stale", "provider_fallback"]


def test_between_equally_stale_series_the_order_of_the_chain_decides():
    answer, _ = asked(SHORT, SHORT)
    assert answer.provider == "a"


def test_a_range_that_ends_earlier_expects_no_later_bar():
    answer, _ = asked(SHORT, WHOLE, request=Request.of("bars", "AAPL", "2018-12-03", "2018-12-26"))
    assert (answer.provider, answer.status) == ("a", "ok")


def test_failure_is_never_told_as_emptiness():
    answer, _ = asked(RateLimitedError("wait"), None)
    assert (answer.provider, answer.status) == ("a", "rate_limited")
    assert reasons_of(answer) == "b: empty (b has no bars of AAPL in the range); a: rate_limited (wait)"
    with pytest.raises(DataError, match="a gave no bars of AAPL: wait"):
        answer.table


def test_only_unanimous_emptiness_is_empty():
    answer, _ = asked(None, None)
    assert answer.status == "empty"
    assert not answer.is_usable


def test_a_vendor_that_does_not_cover_the_use_is_not_asked():
    narrow = ScriptedVendor({BARS: WHOLE}, name="a", datasets=frozenset(("news",)))
    answer = ask(REQUEST, vendors=[narrow, scripted("b", WHOLE)])
    assert answer.provider == "b"
    assert narrow.requests == []


def test_a_use_that_nobody_covers_is_refused_with_what_they_serve():
    narrow = ScriptedVendor(name="a", datasets=frozenset(("news",)))
    with pytest.raises(ConfigError, match="a does not serve bars; it serves news"):
        ask(REQUEST, vendors=[narrow])


def test_without_a_vendor_the_keys_to_set_are_named():
    with pytest.raises(ConfigError, match="no vendor is configured; set the key of one: INVESTIQ_MASSIVE_API_KEY"):
        ask(REQUEST, vendors=[])


def test_an_error_of_our_own_making_is_not_hidden_in_a_chain():
    with pytest.raises(ZeroDivisionError):
        asked(lambda request: 1 / 0, WHOLE)


def test_news_are_never_stale():
    rows = session_bars("2018-12-03", "2018-12-04")
    answer = ask(Request.of("news", "AAPL"), vendors=[ScriptedVendor({("news", "AAPL"): rows})])
    assert answer.status == "ok"


def test_sample_and_synthetic_answer_only_when_they_are_named():
    assert [each.name for each in chain()] == []
    assert ask(Request.of("bars", "^GSPC", end="2018-12-28"), "sample").provider == "sample"
    assert ask(Request.of("bars", "SYN001", end="2015"), "synthetic").status == "ok"


def test_an_unknown_provider_is_refused_with_a_near_name():
    with pytest.raises(DataError, match="was 'masive'; did you mean 'massive'"):
        vendor("masive")


def test_a_chain_holds_the_vendors_with_a_key_and_yahoo_only_where_it_is_named(monkeypatch):
    monkeypatch.setenv("INVESTIQ_MASSIVE_API_KEY", "m")
    monkeypatch.setenv("INVESTIQ_TWELVEDATA_API_KEY", "t")
    assert [each.name for each in chain()] == ["massive", "twelvedata"]
    monkeypatch.setenv("INVESTIQ_PROVIDERS", "twelvedata,yfinance,massive")
    assert [each.name for each in chain()] == ["twelvedata", "yfinance", "massive"]


def test_a_chain_that_names_a_vendor_without_a_key_is_refused(monkeypatch):
    monkeypatch.setenv("INVESTIQ_PROVIDERS", "alpaca")
    monkeypatch.setenv("INVESTIQ_ALPACA_KEY_ID", "half of it")
    with pytest.raises(
        ConfigError, match="names alpaca, which has no key; set INVESTIQ_ALPACA_KEY_ID and INVESTIQ_ALPACA_SECRET_KEY"
    ):
        chain()
    with pytest.raises(ConfigError, match="finnhub has no key; set INVESTIQ_FINNHUB_API_KEY"):
        vendor("finnhub")
