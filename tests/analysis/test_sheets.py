import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.analysis.sheets import _missing
from investiq.core.types import signal_label
from investiq.engines.signals import Evidence


@pytest.fixture(scope="module")
def share():
    return iq.analyze("SYN001", as_of="2013-06-28")


def table(analysis, title):
    return next(each for each in analysis.tables() if each.title.startswith(title))


def test_the_strongest_evidence_is_by_vote_times_weight_and_the_rest_is_folded(share):
    shown = table(share, "Strongest evidence, 10 of")
    weights = {each.name: each.weight * share.weights[name] for name, e in share.engines.items() for each in e.evidence}
    assert [row[0] for row in shown.rows] == sorted(weights, key=lambda name: -weights[name])[:10]
    folded = [each for each in share.tables() if "evidence (" in each.title]
    assert len(folded) == sum(bool(each.evidence) for each in share.engines.values())
    assert all(each.is_folded for each in folded)


def heard(share, score, *votes):
    found = tuple(
        Evidence(name=name, group=name, weight=abs(vote), direction=1 if vote > 0 else -1, value=1.0, threshold=0.0,
                 unit="", text=name)
        for name, vote in votes
    )  # fmt: skip
    own = dataclasses.replace(
        share.engines["technical"], score=score, label=signal_label(score), evidence=found, tags=(),
        votes=dict.fromkeys(("trend", "momentum"), 1.0),
    )  # fmt: skip
    row = table(dataclasses.replace(share, engines={**share.engines, "technical": own}), "Engines at").rows[0]
    return row[5:]


def test_an_engine_names_the_strongest_on_the_side_of_its_score_and_the_strongest_against_it(share):
    votes = ("Divergence", -4), ("Gap", -3), ("Above MAs", 3), ("Above SMA-200", 2), ("OBV Up", 1)
    assert heard(share, 18.5, *votes) == ("5 / 2", "+ Above MAs, + Above SMA-200; - Divergence")
    assert heard(share, -18.5, *votes) == ("5 / 2", "- Divergence, - Gap; + Above MAs")
    assert heard(share, 50.0, ("OBV Up", 1)) == ("1 / 2", "+ OBV Up")
    assert heard(share, 0.0) == ("0 / 2", "no signal")


def test_late_facts_carry_the_day_on_which_they_became_known(share):
    rows = table(share, "Fundamental evidence").rows
    filed = {row[5] for row in rows if row[0] in ("Liquid", "Cash From Operations", "Altman Safe")}
    (newest,) = filed
    statements = iq.load_records("SYN001", "statements").until("2013-06-28").frame
    assert newest == f"{statements['known_at'].max():%Y-%m-%d}"


def test_little_evidence_is_shown_at_once(share):
    few = {name: dataclasses.replace(each, evidence=each.evidence[:2]) for name, each in share.engines.items()}
    short = dataclasses.replace(share, engines=few)
    assert not any(each.title.startswith("Strongest") for each in short.tables())
    assert not any(each.is_folded for each in short.tables() if "evidence (" in each.title)


def test_the_mean_confidence_that_decides_the_conviction_is_a_fact(share):
    sure = {"technical": 0.4, "fundamental": 0.9, "quant": 0.5, "sentiment": 0.6}
    engines = {name: dataclasses.replace(share.engines[name], confidence=each) for name, each in sure.items()}
    # The silent one does not count: (0.4 + 0.9 + 0.5) / 3 = 0.6.
    engines["sentiment"] = dataclasses.replace(engines["sentiment"], score=math.nan, label=None, confidence=math.nan)
    facts = {fact.label: fact for fact in dataclasses.replace(share, engines=engines).facts()}
    assert facts["Mean confidence of engines"].value == pytest.approx(0.6)
    assert "high above 80 %, moderate above 60 %, low above 40 %, else very low" in facts["Confidence"].convention


def test_a_long_past_is_not_called_too_short(share):
    bars = iq.load_bars("^GSPC")
    quant = dataclasses.replace(share.engines["technical"], missing={"never": "", "once": "", "known": "no trades"})
    values = {"never": np.nan, "once": np.where(np.arange(len(bars)) == 1511, 1.0, np.nan)}

    def reasons(count):
        columns = {name: np.broadcast_to(value, len(bars))[:count] for name, value in values.items()}
        history = iq.History.of(bars[:count])
        said = dataclasses.replace(
            share, history=history, table=pd.DataFrame(columns, index=history.bars().index),
            engines={"technical": quant}, supplementary=dataclasses.replace(share.supplementary, missing={}),
        )  # fmt: skip
        return {row[2]: row[1] for row in _missing(said).rows if row[0] == "Technical"}

    # Six years are 6 x 252 = 1,512 bars.
    assert reasons(1511) == {"never, once": "too short a past: 1511 bars", "known": "no trades"}
    assert reasons(1512)["never"] == "no data for it in the history"
    day = f"{bars.index[1511]:%Y-%m-%d}"
    assert reasons(1600) == {
        "never": "no data for it in the history",
        "once": f"none at this bar; its newest value is of {day}",
        "known": "no trades",
    }


def test_risk_stands_open_and_other_panels_are_folded(share):
    panels = {each.title: each.is_folded for each in share.tables() if each.columns[0] == "Figure"}
    assert panels.pop("Quant: risk") is False
    assert all(panels.values())


def test_a_horizon_names_the_weights_that_its_score_is_made_of_and_who_is_silent(news_history):
    index = iq.analyze("^GSPC", as_of="2013-05-20")
    rows = {row[0]: row for row in table(index, "Horizons").rows}
    # No headlines of the index are known, so its short horizon is the technical score itself.
    assert index.horizons["short_term"] == index.engines["technical"].score
    assert rows["Days to weeks"][3] == "technical alone; sentiment is silent"
    assert rows["Weeks to months"][3] == "quant"
    assert rows["Months to quarters"][2:] == ("no view", "fundamental is silent")
    told = iq.analyze(news_history)
    assert {row[0]: row[3] for row in table(told, "Horizons").rows}["Days to weeks"] == "60 % technical, 40 % sentiment"
    parts = [told.engines[name].score for name in ("technical", "sentiment")]
    assert told.horizons["short_term"] == pytest.approx(0.6 * parts[0] + 0.4 * parts[1])
