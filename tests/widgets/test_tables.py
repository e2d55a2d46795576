"""Tables escape what comes from outside and say by sign and arrow what they say by colour."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from investiq.core.facts import Fact
from investiq.core.notes import Note
from investiq.engines.signals import EngineSignal, Evidence
from investiq.widgets import tables

NAN = float("nan")


def signal(score=42.5, evidence=(), reason=""):
    return EngineSignal(
        engine="technical",
        version="1",
        score=score,
        label="Buy",
        confidence=0.61,
        evidence=tuple(evidence),
        votes={},
        missing=(),
        reason=reason,
        as_of=datetime(2018, 12, 31, 21, tzinfo=UTC),
        n_obs=1258,
        metrics={},
    )


def below(name="Below SMA-200", direction=-1):
    return Evidence(
        name=name, group="trend", weight=2, direction=direction, value=2506.85, threshold=2751.0, unit="price",
        text="close 2,506.85 < SMA-200 2,751.00",
    )  # fmt: skip


def trade(**changes):
    return {
        "symbol": "^GSPC",
        "entry_ts": pd.Timestamp("2018-01-02", tz="UTC"),
        "entry_price": 2683.73,
        "exit_ts": pd.Timestamp("2018-02-06", tz="UTC"),
        "exit_price": 2614.78,
        "quantity": 10.0,
        "pnl": -689.5,
        "return": -0.0257,
        "fees": 5.3,
        "slippage": 2.65,
        "exit_reason": "signal",
        "bars_held": 24,
        "is_open": False,
        **changes,
    }


def test_the_verdict_states_score_label_confidence_and_bars():
    html = tables.verdict(signal())
    for part in ("+42.5", "Buy", "61.00 %", "1,258 bars"):
        assert part in html


def test_the_mark_of_the_meter_stands_where_the_score_is():
    # -100 is at 0 %, 100 at 100 %: 42.5 stands at (42.5 + 100) / 2 = 71.2 %.
    assert "left:71.2%" in tables.verdict(signal(42.5))


def test_without_a_score_the_reason_stands_in_its_place():
    html = tables.verdict(signal(NAN, reason="200 bars needed, 19 known"))
    assert "200 bars needed, 19 known" in html
    assert "nan" not in html


def test_evidence_names_its_side_in_a_word_and_an_arrow():
    html = tables.evidence_table(signal(evidence=[below()]))
    assert "bearish" in html
    assert "▼" in html
    assert "close 2,506.85 &lt; SMA-200 2,751.00" in html


def test_a_vote_has_the_sign_of_its_side():
    # Weight 2, bearish: 2 x -1.
    html = tables.evidence_table(signal(evidence=[below()]))
    assert '<th scope="col" class="iq-n">Vote</th>' in html
    assert '<td class="iq-n">-2</td>' in html


def test_evidence_from_outside_is_escaped():
    assert "<b>x" not in tables.evidence_table(signal(evidence=[below(name="<b>x")]))


def test_no_evidence_is_said():
    assert "No signal fired" in tables.evidence_table(signal())


def test_a_losing_trade_has_a_minus_an_arrow_and_its_colour():
    html = tables.trades_table(pd.DataFrame([trade()]), "USD")
    assert 'class="iq-n iq-down">-2.57 % <span aria-hidden="true">▼' in html
    assert "2018-01-02" in html
    assert "2,683.73" in html


def test_prices_are_in_the_currency_of_the_bars_and_results_in_that_of_the_account():
    html = tables.trades_table(pd.DataFrame([trade()]), "index points")
    assert html.count("Price (index points)") == 2
    for head in ("P&amp;L, net (USD)", "Fees (USD)"):
        assert head in html


def test_the_newest_trades_come_first_and_keep_their_numbers():
    frame = pd.DataFrame([trade(bars_held=bars) for bars in (1, 2, 3)])
    html = tables.trades_table(frame, "USD", limit=2)
    assert html.index('<td class="iq-n">3</td>') < html.index('<td class="iq-n">2</td>')
    assert html.count("<tr>") == 3  # the head and two rows


def test_an_open_trade_has_no_exit_date():
    frame = pd.DataFrame([trade(is_open=True, exit_ts=pd.NaT, exit_price=NAN)])
    html = tables.trades_table(frame, "USD")
    assert "<td>open</td>" in html
    assert "NaT" not in html


def test_metrics_stand_beside_those_of_the_benchmark():
    ours = [Fact("CAGR", 0.05, "fraction", "calendar days / 365.25"), Fact("Win rate", NAN, "fraction", "", "no trade")]
    theirs = [Fact("CAGR", 0.081, "fraction")]
    html = tables.comparison_table(ours, theirs, ("Breakout", "Buy and hold"))
    for part in ("5.00 %", "8.10 %", "calendar days / 365.25", 'title="no trade">n/a', "Buy and hold"):
        assert part in html


def test_notes_are_escaped_and_signed():
    html = tables.notes_block([Note(code="x", text="a <b> note")])
    assert "<b>!</b>a &lt;b&gt; note" in html


@pytest.mark.parametrize(("value", "text"), [(0.0123, "+1.23 %"), (-0.5, "-50.00 %"), (0.0, "+0.00 %"), (NAN, "n/a")])
def test_a_change_carries_its_sign(value, text):
    assert tables.signed_percent(value) == text


def test_the_engine_view_has_the_joint_verdict_and_every_engine_or_its_silence():
    import investiq as iq

    analysis = iq.analyze(iq.History.of(iq.load_bars("^GSPC")[-300:]))
    html = tables.engine_views(analysis)
    assert f"{analysis.score:+.1f}" in html
    assert all(f"<h3>{name}" in html for name in ("Technical", "Fundamental", "Quant", "Sentiment"))
    assert html.count("silent: ") == 2
    assert analysis.engines["fundamental"].reason in html
