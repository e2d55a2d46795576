"""Small charts of one topic of an analysis: what its numbers did over the last two years, or its records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from investiq.analysis.topic_records import payments, relative_strength
from investiq.core.errors import DataError
from investiq.figures.heading import heading
from investiq.figures.theme import Theme, ThemeName, template, theme_of

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from investiq.analysis.topic_views import TopicView

__all__ = ["topic_chart"]

_BARS: Final = 504
_REPORTS: Final = 12
_MONTHS: Final = 36
# Hours with news from which on a slope is more than noise.
_ENOUGH: Final = 10
_HEIGHT: Final = 300
_PARTS: Final = {
    "Volume spike": ("squeeze_volume_spike", 15),
    "Volume trend": ("squeeze_volume_trend", 15),
    "Momentum": ("squeeze_momentum", 20),
    "Compression": ("squeeze_compression", 15),
    "Narrow bands": ("squeeze_bands", 20),
    "Extreme RSI": ("squeeze_rsi", 15),
}
_AVERAGES: Final = {
    "Market": "correlation_market",
    "Nasdaq": "correlation_nasdaq",
    "Dow": "correlation_dow",
    "Small caps": "correlation_small_caps",
}

Drawn = tuple[list[dict[str, Any]], dict[str, Any]]


def topic_chart(view: TopicView, *, theme: ThemeName = "light") -> go.Figure:
    """Draw one topic: reports, payments, volatilities, filings, correlations, tone, or ranks.

    Parameters
    ----------
    view : TopicView
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    DataError
        If nothing is known about the topic.

    Examples
    --------
    >>> import investiq as iq
    >>> from investiq.analysis.topic_views import topic_view
    >>> view = topic_view(iq.analyze("SYN001", as_of="2014"), "dividends")
    >>> [trace.name for trace in topic_chart(view).data]
    ['Per share', 'Trailing yield']
    """
    import plotly.graph_objects as go

    if view.reason:
        raise DataError(f"{view.title}: {view.reason}; nothing to draw")
    colors = theme_of(theme)
    traces, layout = _DRAWERS[view.name](view, colors)
    mark = f" · {view.watermark} data" if view.watermark else ""
    shown = [str(trace["name"]) for trace in traces if trace.get("showlegend", True)]
    base = {
        "template": template(colors),
        **heading(view.title, f"{view.headline}{mark}", shown if len(shown) > 1 else ()),
        "height": _HEIGHT,
        "showlegend": len(shown) > 1,
        "legend": {"font": {"size": 11}, "itemwidth": 30},
        "xaxis": {"showspikes": False},
    }
    return go.Figure(data=traces, layout={**base, **layout})


def _recent(view: TopicView) -> pd.DataFrame:
    return view.to_frame().iloc[-_BARS:]


def _days(table: pd.DataFrame) -> Any:
    return table.index.tz_convert(None).to_numpy().astype("datetime64[D]")  # type: ignore[attr-defined]  # a DatetimeIndex


def _small(values: Any) -> Any:
    return np.asarray(values, dtype=np.float64).astype(np.float32)


def _line(x: Any, y: Any, name: str, color: str, hover: str, **more: Any) -> dict[str, Any]:
    dash = more.pop("dash", "solid")
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": _small(y),
        "name": name,
        "line": {"color": color, "width": 1.4, "dash": dash},
        "hovertemplate": f"{hover}<extra>{name}</extra>",
        **more,
    }


def _bars(x: Any, y: Any, name: str, color: Any, hover: str, **more: Any) -> dict[str, Any]:
    look = {"color": color, "line": {"width": 0}}
    return {"type": "bar", "x": x, "y": y, "name": name, "marker": look, "hovertemplate": f"{hover}<extra>{name}</extra>", **more}  # fmt: skip


def _axis(title: str, **more: Any) -> dict[str, Any]:
    return {"title": {"text": title}, **more}


def _roomy(*values: Any) -> list[float] | None:
    """Return a range from zero that leaves a tenth beyond the longest bars; None where there is nothing to show."""
    known = np.concatenate([np.asarray(each, dtype=np.float64) for each in values])
    known = known[np.isfinite(known)]
    if not known.size:
        return None
    low, high = min(0.0, float(known.min())), max(0.0, float(known.max()))
    return [low * 1.1, high * 1.1]


def _right(title: str, **more: Any) -> dict[str, Any]:
    return _axis(title, overlaying="y", side="right", showgrid=False, **more)


def _earnings(view: TopicView, theme: Theme) -> Drawn:
    frame = view.analysis.history.records("earnings").frame
    reports = frame[frame["eps_actual"].notna()].iloc[-_REPORTS:]
    quarters = [
        f"{period} {year % 100:02.0f}"
        for period, year in zip(reports["fiscal_period"], reports["fiscal_year"], strict=True)
    ]
    currency = view.analysis.bars.passport.currency
    traces = [
        _bars(quarters, reports["eps_actual"], "EPS", theme.series[0], f"%{{y:.2f}} {currency}"),
        _line(quarters, reports["eps_estimate"], "Consensus", theme.text, f"%{{y:.2f}} {currency}", mode="markers")
        | {"marker": {"symbol": "line-ew-open", "size": 12, "color": theme.text, "line": {"width": 2}}},
        _line(quarters, reports["revenue_actual"] / 1e9, "Revenue", theme.series[1], "%{y:.2f} bn", yaxis="y2", dash="dot"),
    ]  # fmt: skip
    shown = [reports["eps_actual"], reports["eps_estimate"]]
    return traces, {
        "yaxis": _axis(f"EPS ({currency})", range=_roomy(*shown)),
        "yaxis2": _right("Revenue (bn)", rangemode="tozero"),
    }


def _dividends(view: TopicView, theme: Theme) -> Drawn:
    table = view.to_frame()
    paid = payments(view.analysis.history.records("actions").frame)
    paid = paid[paid.index >= table.index[0]]
    currency = view.analysis.bars.passport.currency
    # Four payments a year need no more points of a yield than one a week.
    weekly = table.iloc[::5]
    traces = [
        _bars(_days(paid), paid["cash"], "Per share", theme.series[0], f"%{{y:.4g}} {currency}", width=25 * 86_400_000),
        _line(_days(weekly), weekly["dividend_trailing_yield"], "Trailing yield", theme.series[1], "%{y:.2%}", yaxis="y2"),
    ]  # fmt: skip
    layout = {
        "yaxis": _axis(f"Per share, as paid ({currency})", range=_roomy(paid["cash"])),
        "yaxis2": _right("Yield", tickformat=".1%", rangemode="tozero"),
    }
    return traces, layout


def _options(view: TopicView, theme: Theme) -> Drawn:
    table = _recent(view)
    x = _days(table)
    traces = [
        _line(x, table["options_atm_iv"], "Implied, 30 days", theme.series[0], "%{y:.1%}"),
        _line(x, table["volatility_historical"], "Realised, 20 bars", theme.muted, "%{y:.1%}", dash="dot"),
        _line(x, table["options_put_call_interest"], "Put/call, interest", theme.series[1], "%{y:.2f}", yaxis="y2"),
    ]
    return traces, {
        "yaxis": _axis("Volatility (a year)", tickformat=".0%", rangemode="tozero", domain=[0.4, 1]),
        "yaxis2": _axis("Put/call", domain=[0, 0.32]),
        "xaxis": {"anchor": "y2", "showspikes": False},
    }


def _short_interest(view: TopicView, theme: Theme) -> Drawn:
    table = _recent(view)
    reached = [view.value(feature) for feature, _ in _PARTS.values()]
    most = [float(limit) for _, limit in _PARTS.values()]
    names = [f"{name} ({limit})" for name, (_, limit) in _PARTS.items()]
    traces = [
        _line(_days(table), table["short_float"], "Short, of the float", theme.series[0], "%{y:.2%}"),
        {
            "type": "bar",
            "orientation": "h",
            "x": most,
            "y": names,
            "name": "Most",
            "xaxis": "x2",
            "yaxis": "y2",
            "marker": {"color": theme.grid},
            "hoverinfo": "skip",
            "showlegend": False,
        },
        {
            "type": "bar",
            "orientation": "h",
            "x": reached,
            "y": names,
            "name": "Part of the pressure",
            "xaxis": "x2",
            "yaxis": "y2",
            "marker": {"color": theme.series[1]},
            "text": ["n/a" if np.isnan(each) else f"{each:.1f}" for each in reached],
            "textposition": "outside",
            "hovertemplate": "%{x:.1f}<extra>%{y}</extra>",
            "showlegend": False,
        },
    ]
    return traces, {
        "barmode": "overlay",
        "yaxis": _axis("Of the float", tickformat=".1%", domain=[0.58, 1], rangemode="tozero"),
        "xaxis": {"anchor": "y", "showspikes": False, "tickangle": 0, "nticks": 4},
        "yaxis2": {"domain": [0, 0.44], "autorange": "reversed", "anchor": "x2", "tickfont": {"size": 10}},
        "xaxis2": {
            "anchor": "y2",
            "range": [0, 23],
            "showspikes": False,
            "tickvals": [0, 5, 10, 15, 20],
            "showgrid": False,
            "tickfont": {"size": 10},
            "title": {"text": "Points", "font": {"size": 11}},
        },
    }


def _insiders(view: TopicView, theme: Theme) -> Drawn:
    frame = view.analysis.history.records("insiders").frame
    traded = frame[frame["code"].isin(["P", "S"])]
    filed = traded["filed_at"].dt.tz_convert(None)
    months = filed.to_numpy().astype("datetime64[M]")
    first = view.analysis.bars.ts[-1].astype("datetime64[M]") - np.timedelta64(_MONTHS - 1, "M")
    spans = np.arange(first, first + np.timedelta64(_MONTHS, "M"))
    value, is_purchase = traded["value"].to_numpy(dtype=float), (traded["code"] == "P").to_numpy()

    def by_month(side: Any) -> Any:
        return np.array([value[(months == each) & side].sum() for each in spans])

    x = spans.astype("datetime64[D]")
    traces = [
        _bars(x, by_month(is_purchase), "▲ Purchases", theme.series[0], "%{y:,.3s}"),
        _bars(x, -by_month(~is_purchase), "▼ Sales", theme.series[1], "%{y:,.3s}"),
    ]
    currency = view.analysis.bars.passport.currency
    layout = {
        "barmode": "relative",
        "yaxis": _axis(f"Filed a month ({currency})", tickformat="~s", zeroline=True),
        "xaxis": {"showspikes": False, "hoverformat": "%b %Y"},
    }
    return traces, layout


def _correlations(view: TopicView, theme: Theme) -> Drawn:
    table = _recent(view)
    x = _days(table)
    colors = (theme.series[0], theme.series[1], theme.series[2], theme.muted)
    dashes = ("solid", "dash", "dot", "dashdot")
    known = {name: column for name, column in _AVERAGES.items() if table[column].notna().any()}
    traces: list[dict[str, Any]] = []
    if "Market" in known:
        edge = {"line": {"width": 0}, "hoverinfo": "skip", "hovertemplate": None, "showlegend": False}
        lower = _line(x, table["correlation_market_lower"], "Lower", theme.fill, "")
        upper = _line(x, table["correlation_market_upper"], "95 % band of the market", theme.fill, "")
        traces += [lower | edge, upper | edge | {"fill": "tonexty", "fillcolor": theme.fill}]
    for i, (name, column) in enumerate(known.items()):
        traces.append(_line(x, table[column], name, colors[i], "%{y:.2f}", dash=dashes[i]))
    lowest = min(0.0, *(float(table[column].min()) - 0.1 for column in known.values()))
    return traces, {"yaxis": _axis("Correlation, 90 dates", range=[max(lowest, -1.02), 1.02])}


def _news(view: TopicView, theme: Theme) -> Drawn:
    table = _recent(view)
    x = _days(table)
    every, good, bad = (table[f"news_sentiment_{name}"] for name in ("articles", "positive", "negative"))
    plain = every - good - bad
    traces = [
        _bars(x, good, "▲ Good", theme.series[0], "%{y:.0f}", yaxis="y2"),
        _bars(x, plain, "Neutral", theme.faint, "%{y:.0f}", yaxis="y2"),
        _bars(x, bad, "▼ Bad", theme.series[1], "%{y:.0f}", yaxis="y2"),
        _line(x, table["news_sentiment_score"], "Score", theme.text, "%{y:+.0f}", connectgaps=False),
    ]
    return traces, {
        "barmode": "stack",
        "bargap": 0,
        "yaxis": _axis("Score (±100)", range=[-105, 105], domain=[0.4, 1], tickvals=[-100, 0, 100]),
        "yaxis2": _axis("Articles", domain=[0, 0.32]),
        "xaxis": {"anchor": "y2", "showspikes": False},
    }


def _velocity(view: TopicView, theme: Theme) -> Drawn:
    table = _recent(view)
    x = _days(table)
    limit = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": "y2", "y0": _ENOUGH, "y1": _ENOUGH}
    points = _bars(x, table["news_velocity_points"], "Hours with news", theme.faint, "%{y:.0f}", yaxis="y2")
    look: dict[str, Any] = {
        "bargap": 0,
        "shapes": [limit | {"line": {"color": theme.muted, "width": 1, "dash": "dash"}}],
        "yaxis2": _axis(f"Hours ({_ENOUGH} are enough)", range=[0, _ENOUGH + 2]),
        "xaxis": {"anchor": "y2", "showspikes": False},
    }
    if not table["news_velocity_z"].notna().any():
        return [points], look
    speed = _line(
        x, table["news_velocity_z"], "Velocity", theme.series[0], "%{y:+.2f} deviations", mode="lines+markers"
    )
    look["yaxis2"]["domain"] = [0, 0.32]
    look["yaxis"] = _axis("Velocity (deviations)", domain=[0.4, 1], zeroline=True)
    return [speed | {"marker": {"size": 3}}, points], look


def _macro(view: TopicView, theme: Theme) -> Drawn:
    table = _recent(view)
    x = _days(table)
    columns = {"Market": "macro_market_return", "Bonds": "macro_bond_return", "Gold": "macro_gold_return"}
    looks = zip((theme.series[0], theme.series[1], theme.series[2]), ("solid", "dash", "dot"), strict=True)
    traces = [
        _line(x, table[column], name, color, "%{y:+.2%}", dash=dash)
        for (name, column), (color, dash) in zip(columns.items(), looks, strict=True)
        if table[column].notna().any()
    ]
    if traces:
        return traces, {"yaxis": _axis("Return of 20 bars", tickformat="+.0%", zeroline=True)}
    vix = _line(x, table["macro_vix"], "VIX", theme.series[0], "%{y:.1f} points")
    return [vix], {"yaxis": _axis("VIX (points)")}


def _strength(view: TopicView, theme: Theme) -> Drawn:
    ranked = relative_strength(view.analysis.history)
    names = [str(each) for each in ranked.index]
    own = [theme.series[0] if name == view.analysis.symbol else theme.faint for name in names]
    trace = {
        "type": "bar",
        "orientation": "h",
        "x": ranked["momentum"],
        "y": names,
        "name": "Momentum",
        "marker": {"color": own},
        "text": [f"{'▲' if each > 0 else '▼'} {100 * each:+.1f} %" for each in ranked["momentum"]],
        "textposition": "outside",
        "cliponaxis": False,
        "customdata": ranked[["day", "week", "month"]],
        "hovertemplate": "1 bar %{customdata[0]:+.2%}, 5 bars %{customdata[1]:+.2%}, 21 bars %{customdata[2]:+.2%}"
        "<extra>%{y}</extra>",
    }
    reach = 1.45 * float(np.nanmax(np.abs(ranked["momentum"].to_numpy()), initial=0.001))
    layout = {
        "hovermode": "closest",
        "xaxis": _axis(
            "10 % of 1 bar, 30 % of 5, 60 % of 21", tickformat="+.1%", range=[-reach, reach], showspikes=False
        ),
        "yaxis": {"autorange": "reversed"},
    }
    return [trace], layout


_DRAWERS: Final[Mapping[str, Callable[[TopicView, Theme], Drawn]]] = {
    "earnings": _earnings,
    "dividends": _dividends,
    "options": _options,
    "short_interest": _short_interest,
    "insiders": _insiders,
    "correlations": _correlations,
    "news": _news,
    "news_velocity": _velocity,
    "macro": _macro,
    "relative_strength": _strength,
}
