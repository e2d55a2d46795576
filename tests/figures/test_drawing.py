import importlib
import pkgutil
from types import SimpleNamespace

import plotly.graph_objects as go
import pytest

import investiq
from investiq.core.errors import ConfigError, DataError
from investiq.core.facts import Fact
from investiq.core.result import Result
from investiq.figures.drawing import KINDS, draw


def result_classes():
    for module in pkgutil.walk_packages(investiq.__path__, "investiq."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found, queue = [], [Result]
    while queue:
        children = queue.pop().__subclasses__()
        found += [child for child in children if child.__module__.startswith("investiq.")]
        queue += children
    return found


def test_every_kind_of_result_can_be_drawn():
    kinds = {each.kind for each in result_classes()}
    assert {"analysis", "backtest"} <= kinds
    assert kinds <= set(KINDS)


def test_a_backtest_is_drawn_as_its_overview(short_result):
    figure = short_result.figure()
    assert isinstance(figure, go.Figure)
    assert [figure.layout[name].title.text for name in ("yaxis", "yaxis2", "yaxis3")] == [
        "Equity (USD)",
        "Drawdown (%)",
        "Level (index points)",
    ]


def test_an_analysis_is_drawn_as_its_chart(analysis):
    assert draw(analysis).layout.xaxis.anchor == "y7"


def test_a_report_is_drawn_as_its_facts():
    report = SimpleNamespace(
        kind="report", title="A report", watermark=None, facts=lambda: [Fact("Result", "breakout.iq")]
    )
    assert draw(report).data[0].type == "table"


def test_options_and_theme_reach_the_figure(short_result):
    figure = short_result.figure(theme="dark", log=True)
    assert figure.layout.yaxis.type == "log"
    assert figure.layout.template.layout.paper_bgcolor == "#131a22"
    with pytest.raises(ConfigError, match="'light' or 'dark'"):
        short_result.figure(theme="neon")
    with pytest.raises(TypeError, match="colour"):
        short_result.figure(colour="red")


def test_an_unknown_kind_is_refused_with_the_known_ones():
    with pytest.raises(DataError, match=r"kind 'backtests'; did you mean 'backtest'.*analysis, .*backtest, .*report"):
        draw(SimpleNamespace(kind="backtests"))


def test_the_package_offers_its_figures_on_first_use():
    assert investiq.figures.price_chart.__module__ == "investiq.figures.price"
    for name in investiq.figures.__all__:
        assert callable(getattr(investiq.figures, name))
    with pytest.raises(AttributeError, match="no attribute 'pie_chart'"):
        investiq.figures.pie_chart
