"""The backtest lab as a tree of widgets, without a browser."""

from __future__ import annotations

import io
import itertools
import threading
import zipfile
from datetime import date

import ipywidgets as W
import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.core.errors import ConfigError
from investiq.core.facts import format_fact
from investiq.runtime.paths import results_dir
from investiq.runtime.progress import progress
from investiq.widgets.backtest_lab_axes import suggested
from investiq.widgets.backtest_lab_request import SETTINGS, axis_values, number_of

BY_NAME = {each.name: each for each in SETTINGS}
COSTS = iq.Costs(commission_rate=0.001, slippage_bps=5)


def texts(widget):
    """All HTML below `widget`, joined."""
    own = widget.value if isinstance(widget, W.HTML) else ""
    return own + "".join(texts(each) for each in getattr(widget, "children", ()))


def percent(value):
    return f"{value * 100:,.2f} %"


def bars():
    return iq.load_bars("^GSPC", "2014-01-02", "2018-12-31")


def expected_run(strategy=None, **options):
    """The same run by the public API alone."""
    strategy = strategy or iq.strategies.Breakout(entry_window=55, exit_window=20)
    return iq.backtest(strategy, bars(), **{"costs": COSTS, "weight": 1.0, "lot": None, **options})


@pytest.fixture(scope="module")
def shared():
    """One page for all tests, which each sets what it needs."""
    made = iq.widgets.BacktestLab("^GSPC")
    made.wait()
    return made


@pytest.fixture
def fresh(shared):
    """The page at its first section with its first settings, which have not run."""
    form = shared.form
    shared.tabs.selected_index = 0
    shared.wait()
    form.strategy.choice.value = "Breakout"
    form.preset.value = "own settings"
    for each in SETTINGS:
        form.numbers[each.name].value = each.typed
    form.strategy.fields["entry_window"].value, form.strategy.fields["exit_window"].value = "55", "20"
    form.symbol.value, form.lot.value = "^GSPC", "fractions"
    form.start.value, form.end.value = date(2014, 1, 2), date(2018, 12, 31)
    return shared


@pytest.fixture
def lab(fresh):
    """The page with the run of its first settings."""
    if fresh.result is None or fresh.form.values() != fresh._ran:
        press(fresh)
    return fresh


def press(lab, **numbers):
    """Type numbers by the names of their options, press Run, and wait."""
    for name, text in numbers.items():
        fields = {**lab.form.numbers, **lab.form.strategy.fields}
        fields[name].value = text
    lab.form.button.click()
    lab.wait()


def open_section(lab, title):
    lab.tabs.selected_index = [each.title for each in lab.sections].index(title)
    lab.wait()
    return lab.opened


def test_the_page_shows_the_run_that_the_form_says(lab):
    equity = expected_run().equity["equity"]
    # Total return: the last equity over the opening capital, less one; drawdown: the deepest fall from a running maximum.
    total = equity.iloc[-1] / 100_000 - 1
    deepest = (equity / equity.cummax() - 1).min()
    shown = texts(lab.cards)
    assert percent(total) in shown
    assert percent(deepest) in shown
    assert {panel.state for panel in lab.run_section.panels} == {"ok"}
    assert percent(total) in texts(lab.run_section.performance)


def test_other_sections_are_computed_only_when_they_are_opened(lab):
    others = [panel.state for section in lab.sections[1:] for panel in section.panels]
    assert set(others) == {"empty"}
    open_section(lab, "Trades")
    assert lab.trades_section.trades.state == "ok"
    assert lab.monte_carlo_section.fan.state == "empty"


def test_percent_and_basis_points_reach_the_run_as_fractions(fresh):
    press(fresh, stop_loss="3", take_profit="6.5", commission_rate="2.5", slippage_bps="1", weight="40")
    options = fresh.result.options
    assert (options.stop_loss, options.take_profit, options.weight) == (0.03, 0.065, 0.4)
    assert (options.costs.commission_rate, options.costs.slippage_bps) == (0.00025, 1.0)
    alone = expected_run(
        stop_loss=0.03, take_profit=0.065, weight=0.4, costs=iq.Costs(commission_rate=0.00025, slippage_bps=1)
    )
    assert fresh.result == alone


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("commission_rate", "-5", "Commission, bps must be a number from 0 up to 9,999, was '-5'"),
        ("slippage_bps", "", "Slippage, bps must be a number from 0 up to 9,999, was empty"),
        ("weight", "150", "Weight, % must be a number above 0 up to 100, was '150'"),
        ("stop_loss", "much", "Stop, % must be a number above 0 up to 99.99, was 'much'"),
        ("initial_capital", "nan", "Capital, USD must be a number above 0"),
        ("entry_window", "1.5", "entry_window must be a whole number, was '1.5'"),
        ("exit_window", "0", "exit_window must be a whole number of bars >= 1, was 0"),
    ],
)
def test_a_value_that_cannot_be_used_is_told_and_nothing_runs(fresh, name, text, told):
    press(fresh, **{name: text})
    assert fresh.result is None
    assert told in texts(fresh.cards).replace("&#x27;", "'").replace("&gt;", ">")
    assert told in texts(fresh.form).replace("&#x27;", "'").replace("&gt;", ">")
    field = {**fresh.form.numbers, **fresh.form.strategy.fields}[name]
    assert field.value == text
    assert "iq-invalid" in field._dom_classes
    marked = [each for each in (*fresh.form.numbers.values(), *fresh.form.strategy.fields.values())
              if "iq-invalid" in each._dom_classes]  # fmt: skip
    assert marked == [field]
    assert fresh.status.words.startswith("Summary failed")


def test_an_unknown_symbol_and_a_range_in_reverse_are_told(fresh):
    fresh.form.symbol.value = "<b>NONE</b>"
    press(fresh)
    assert "&lt;b&gt;NONE&lt;/b&gt;" in texts(fresh.cards)
    fresh.form.symbol.value = "^GSPC"
    fresh.form.start.value, fresh.form.end.value = date(2018, 6, 1), date(2018, 1, 1)
    assert "From must not be after To" in texts(fresh.form)


def test_after_an_error_no_section_shows_the_run_of_before(lab):
    open_section(lab, "Trades")
    press(lab, weight="0")
    lab.tabs.selected_index = 0
    lab.wait()
    assert lab.run_section.equity.state == "empty"
    lab.sweep_section.start.click()
    lab.wait()
    assert "Weight, % must be" in texts(lab.sweep_section.plan)


def test_a_strategys_own_parameter_is_not_asked_twice(fresh):
    fresh.form.strategy.choice.value = "TrendCrossover"
    assert fresh.form.numbers["stop_loss"].layout.display == "none"
    assert fresh.form.numbers["trailing_stop"].layout.display is None
    press(fresh)
    assert fresh.result == expected_run_of_its_own()


def expected_run_of_its_own():
    return iq.backtest(iq.strategies.TrendCrossover(), bars(), costs=COSTS, lot=None, initial_capital=100_000.0)


def test_a_preset_fills_the_fields_and_keeps_what_has_none(fresh):
    fresh.form.preset.value = "seed003"
    assert fresh.form.numbers["commission_rate"].value == "0"
    assert fresh.form.numbers["slippage_bps"].value == "1"
    press(fresh)
    assert fresh.result.options.atr_stop == 2.0
    assert "atr stop 2.0" in texts(fresh.form)


def test_every_offered_strategy_can_be_made_from_its_fields(fresh):
    for _, name in fresh.form.strategy.choice.options:
        fresh.form.strategy.choice.value = name
        assert fresh.form.strategy.maker()() == getattr(iq.strategies, name)()


def sweep(lab, first="30:50:10", second="10, 20"):
    section = open_section(lab, "Sweep")
    section.lab.axes.texts[0].value, section.lab.axes.texts[1].value = first, second
    section.start.click()
    lab.wait()
    return section


def test_a_cell_of_a_sweep_is_the_run_alone(lab):
    section = sweep(lab)
    assert {panel.state for panel in section.panels} == {"ok"}
    frame = section.found.to_frame()
    assert frame[["entry_window", "exit_window"]].to_numpy().tolist() == [
        list(each) for each in itertools.product((30, 40, 50), (10, 20))
    ]
    chosen = section.list.options[-1][1]
    section.list.value = chosen
    lab.wait()
    row = frame.loc[chosen]
    alone = expected_run(
        iq.strategies.Breakout(entry_window=int(row["entry_window"]), exit_window=int(row["exit_window"]))
    )
    assert section.cell == alone
    assert row["final_equity"] == alone.equity["equity"].iloc[-1]
    assert percent(alone.equity["equity"].iloc[-1] / 100_000 - 1) in texts(section.drill)


def test_the_best_cells_come_first_and_luck_stands_beside_them(lab):
    section = sweep(lab)
    ratios = section.found.to_frame()["sharpe_ratio"]
    assert [cell for _, cell in section.list.options] == ratios.sort_values(ascending=False).index.tolist()
    told = texts(section.luck)
    for words in (
        "Probability of backtest overfitting",
        "Deflated Sharpe ratio",
        "Cells that ran",
        "Best expected by luck",
    ):
        assert words in told
    best = section.found.to_frame().loc[ratios.idxmax()]
    # The exit has two values, so that each is an end; the entry has 30 and 50 as ends.
    ends = [f"{name} {best[name]:g}" for name in ("entry_window", "exit_window") if best[name] in (30, 50, 10, 20)]
    assert f"at the edge of the grid ({', '.join(ends)})" in texts(section.cells)
    section.metric.value = "max_drawdown"
    lab.wait()
    falls = section.found.to_frame()["max_drawdown"]
    assert section.list.options[0][1] == falls.idxmax()
    section.metric.value = "sharpe_ratio"
    lab.wait()


def counted_now(lab):
    """What the ledger says of the run of the page, asked of an equal run that has not asked before."""
    evidence = expected_run().evidence
    assert evidence.study == lab.result.evidence.study
    return {fact.label: format_fact(fact) for fact in evidence.facts()}


def test_the_count_of_trials_is_that_of_the_ledger_after_every_section(lab):
    open_section(lab, "Run")
    before = lab.result.evidence.trials
    # Windows that no other test tries: nine cells, none of them the run of the page.
    sweep(lab, first="31, 41, 51", second="11, 13, 17")
    now = counted_now(lab)
    assert lab.result.evidence.trials == before + 9
    for shown in (texts(lab.cards), texts(lab.run_section.luck)):
        assert f">{now['Trials']}<" in shown
        assert f">{now['Deflated Sharpe ratio']}<" in shown
    section = open_section(lab, "Walk-forward")
    section.start.click()
    lab.wait()
    assert lab.result.evidence.trials > before + 9
    assert f">{counted_now(lab)['Trials']}<" in texts(lab.cards)
    # A run elsewhere counts when a section is opened next, at the latest.
    counted = lab.result.evidence.trials
    expected_run(iq.strategies.Breakout(entry_window=33, exit_window=19))
    press(lab)
    assert lab.result.evidence.trials == counted + 1
    assert f">{counted_now(lab)['Trials']}<" in texts(lab.run_section.luck)


def test_a_click_on_the_map_opens_its_cell(lab):
    section = sweep(lab)
    # Across is the second parameter: exit 10, entry 40 is the third of 30-10, 30-20, 40-10, ...
    section.picker._field.value = '["10", "40", 1]'
    lab.wait()
    assert section.cell == section.found.run(2)


def test_an_option_is_swept_in_percent(lab):
    section = open_section(lab, "Sweep")
    lab.axes.names[0].value, lab.axes.names[1].value = "stop_loss", ""
    lab.axes.texts[0].value = "2:6:2"
    section.start.click()
    lab.wait()
    assert section.found.to_frame()["stop_loss"].tolist() == [0.02, 0.04, 0.06]
    assert section.found.run(1) == expected_run(stop_loss=0.04)
    lab.axes.offer(lab.form.strategy.chosen, lab.form.present())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("60:10:5", "first &lt;= last"),
        ("ten", "must be a whole number"),
        ("20", "two or more values"),
        ("", "two or more"),
    ],
)
def test_values_that_cannot_be_swept_are_told(lab, text, told):
    section = sweep(lab, first=text)
    assert told in texts(section.plan)
    assert section.found is None
    assert "iq-invalid" in lab.axes.texts[0]._dom_classes


def test_an_estimate_runs_nothing(lab):
    section = open_section(lab, "Sweep")
    lab.axes.texts[0].value, before = "30:50:10", section.found
    section.estimate.click()
    lab.wait()
    assert section.plan.state == "ok"
    assert section.found is before
    assert "estimated from a few cells" in texts(section.plan)
    assert "Run alone" not in texts(section.plan)


def test_a_sweep_takes_what_is_typed_and_not_what_ran_before(lab):
    lab.form.numbers["weight"].value = "50"
    section = sweep(lab)
    assert lab.result.options.weight == 0.5
    assert section.found.run(0).options.weight == 0.5


def test_the_walk_forward_is_that_of_the_api(lab):
    section = open_section(lab, "Walk-forward")
    lab.axes.texts[0].value, lab.axes.texts[1].value = "30:50:10", "10, 20"
    section.folds.value = "4"
    section.start.click()
    lab.wait()
    found = iq.walk_forward(
        iq.strategies.Breakout, bars(), entry_window=[30, 40, 50], exit_window=[10, 20], folds=4, costs=COSTS, weight=1.0,
        lot=None,
    )  # fmt: skip
    # The stitched account is the product of the folds' own returns.
    total = np.prod([1 + fold.test_return for fold in found.folds]) - 1
    assert percent(total) in texts(section.cards)
    assert section.found.trials == 6 * 4
    assert len(section.found.folds) == 4


def test_windows_in_bars_and_bad_windows(lab):
    section = open_section(lab, "Walk-forward")
    section.windows.value = "bars of training and test"
    assert section.folds.layout.display == "none"
    section.train.value, section.test.value = "500", "300"
    assert (section.asked().train, section.asked().test, section.asked().folds) == (500, 300, None)
    section.train.value = "many"
    section.start.click()
    lab.wait()
    assert "Train must be a whole number, was &#x27;many&#x27;" in texts(section.cards)
    section.windows.value, section.train.value = "equal folds", "504"


def test_monte_carlo_shows_the_odds_of_the_same_seed(lab):
    section = open_section(lab, "Monte Carlo")
    section.paths.value, section.seed.value, section.ruin.value = "200", "3", "10"
    section.start.click()
    lab.wait()
    found = iq.monte_carlo(expected_run(), paths=200, seed=3, ruin=-0.10)
    assert percent((found.final_returns > 0).mean()) in texts(section.cards)
    assert percent((found.lowest <= 0.9).mean()) in texts(section.cards)
    assert percent(np.median(found.final_returns)) in texts(section.numbers)
    section.paths.value = "0"
    section.start.click()
    lab.wait()
    assert "Paths must be from 1 to 100,000" in texts(section.cards)
    section.paths.value, section.ruin.value = "1000", "50"


def test_without_a_target_there_is_no_bracket_and_with_one_it_holds_every_reading(lab):
    section = open_section(lab, "Fill bracket")
    assert section.chart.state == "not_available"
    press(lab, stop_loss="2", take_profit="3")
    choices = {"both_inside": ("stop", "target"), "limit_fill": ("through", "touch"), "limit_gap": ("open", "limit")}
    finals = [
        expected_run(stop_loss=0.02, take_profit=0.03, **dict(zip(choices, answers, strict=True)))
        .equity["equity"]
        .iloc[-1]
        for answers in itertools.product(*choices.values())
    ]
    shown = texts(section.cards)
    assert f"{min(finals):,.2f} USD" in shown
    assert f"{max(finals):,.2f} USD" in shown


def test_a_saved_run_can_be_loaded(lab):
    section = open_section(lab, "Trades")
    path = section.saved()
    assert path.parent == results_dir()
    assert iq.load_result(path) == lab.result
    section.save.click()
    assert path.name in section.said.value
    path.unlink()


def test_the_files_hold_the_trades_of_the_page(lab):
    section = open_section(lab, "Trades")
    wanted = expected_run().trades
    frame = pd.read_csv(io.BytesIO(section._as_csv()))
    assert frame["pnl"].tolist() == pytest.approx(wanted["pnl"].tolist())
    assert set(frame["watermark"]) == {"SAMPLE"}
    with zipfile.ZipFile(io.BytesIO(section._as_excel())) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    # One row of heads and one a trade.
    assert sheet.count("<row ") == len(wanted) + 1
    assert all(f"<v>{value:.15g}</v>" in sheet for value in wanted["bars_held"])


def test_the_theme_changes_the_open_section_and_the_others_when_they_are_opened(lab):
    open_section(lab, "Monte Carlo")
    ground = ground_of(lab, "fan")
    lab.switch_theme()
    lab.wait()
    assert ground_of(lab, "fan") != ground
    assert ground_of(lab, "equity") == ground
    open_section(lab, "Run")
    assert ground_of(lab, "equity") != ground
    lab.switch_theme()
    lab.wait()


def ground_of(lab, chart):
    (content,) = lab._charts[chart].outputs[0]["data"].values()
    return content["layout"]["template"]["layout"]["paper_bgcolor"]


def test_cancel_stops_long_work_at_its_next_step_and_the_page_stays(lab):
    began, go_on = threading.Event(), threading.Event()
    panel, steps = lab.run_section.equity, []

    def work(turn):
        with lab.work(turn, panel), lab.watching(turn, panel), progress(100, "sweep") as advance:
            for step in range(100):
                steps.append(step)
                began.set()
                go_on.wait(10)
                advance()

    lab.start(work, panel)
    assert began.wait(10)
    lab.cancel()
    go_on.set()
    lab.wait()
    assert steps == [0]
    assert (panel.state, lab.status.words) == ("ok", "Cancelled")


def test_a_range_includes_its_last_value():
    assert axis_values("Fast", int, "10:60:25") == [10, 35, 60]
    assert axis_values("Entry", float, "0.1:0.3:0.1") == [0.1, 0.2, 0.3]
    assert axis_values("Short", bool, "no, yes") == [False, True]


def test_a_percent_is_the_nearest_decimal():
    # 2.3 * 0.01 is 0.022999999999999996 in binary.
    assert number_of(BY_NAME["stop_loss"], "2.3") == 0.023
    assert number_of(BY_NAME["stop_loss"], "") is None
    with pytest.raises(ConfigError, match="was empty"):
        number_of(BY_NAME["weight"], "")


def test_values_are_suggested_around_the_default():
    # Ten steps of 3, which is 1.5 times 20 over 10; three of them below 20, as a fourth would leave less than half.
    assert axis_values("Fast", int, suggested(int, 20)) == [11, 14, 17, 20, 23, 26, 29, 32, 35, 38, 41]


@pytest.mark.parametrize(("kind", "present"), [*((int, each) for each in (1, 2, 3, 7, 55, 200, -5)), (float, 0.013)])
def test_the_present_value_is_among_those_suggested(kind, present):
    values = axis_values("Fast", kind, suggested(kind, present))
    assert present in values
    assert all(value * present > 0 for value in values) or present < 0


def test_the_suggestion_follows_the_form_until_values_are_typed(fresh):
    fresh.axes.offer(fresh.form.strategy.chosen, fresh.form.present())
    first, second = fresh.axes.texts
    second.value = "10, 20"
    fresh.form.strategy.fields["entry_window"].value = "30"
    fresh.form.strategy.fields["exit_window"].value = "15"
    # Steps of round(4.5) = 4, three of them below 30.
    assert (first.value, second.value) == ("18:58:4", "10, 20")
    fresh.axes.names[0].value = "slippage_bps"
    # 5 bps are not on the range of 0 to 20 by 2.
    assert first.value == "0, 2, 4, 5, 6, 8, 10, 12, 14, 16, 18, 20"
    fresh.axes.offer(fresh.form.strategy.chosen, fresh.form.present())


def test_a_symbol_ends_at_its_last_bar_unless_another_day_was_chosen(fresh):
    form = fresh.form
    form.symbol.value = "SYN001"
    assert form.end.value == date(2019, 12, 31)
    form.symbol.value = "^GSPC"
    assert form.end.value == date(2018, 12, 31)
    form.end.value = date(2016, 5, 2)
    form.symbol.value = "SYN001"
    assert form.end.value == date(2016, 5, 2)
