"""The digest of a session as tables and words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from investiq.analysis.survey_tables import signed
from investiq.core.facts import Table, format_value

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["UNUSUAL", "events_table", "missing_table", "movers_words", "moves_table", "signals_table", "unusual"]

# In usual days: of normal returns one day in twenty-two.
UNUSUAL: Final = 2.0
_MOST_SHOWN: Final = 20
_SHOWN_MISSING: Final = 12


def unusual(moves: pd.DataFrame) -> pd.DataFrame:
    """Return the moves of two usual days or more."""
    return moves[moves["z"].abs() >= UNUSUAL]


def movers_words(moves: pd.DataFrame) -> str:
    """Return the count of rising and falling symbols and the largest move, as a sentence."""
    rose, fell = int((moves["change"] > 0).sum()), int((moves["change"] < 0).sum())
    words = f"{rose:,} rose and {fell:,} fell"
    if moves["z"].notna().any():
        symbol, first = moves.index[0], moves.iloc[0]
        words += f"; the largest move for its usual day was {symbol}, {signed(first['change'])} ({first['z']:+.1f} usual days)"
    return f"{words}."


def moves_table(moves: pd.DataFrame) -> Table:
    """Return the largest moves."""
    rows = tuple(
        (
            str(symbol),
            format_value(row["close"], "price"),
            signed(row["change"]),
            _signed_ratio(row["z"]),
            signed(row["gap"]),
            format_value(row["volume_ratio"], "ratio"),
            row["year_extreme"],
            row["group"],
        )
        for symbol, row in moves.head(_MOST_SHOWN).iterrows()
    )
    of = f", the first {_MOST_SHOWN} of {len(moves):,}" if len(moves) > _MOST_SHOWN else ""
    columns = ("Symbol", "Close", "Change", "Usual days", "Gap", "Volume / usual", "52 weeks", "Group")
    numbers = ("Close", "Volume / usual")
    return Table(f"Moves{of}", columns, rows, numbers, ("Change", "Usual days", "Gap"))


def signals_table(signals: pd.DataFrame) -> Table:
    """Return the labels that changed, and the scores that moved, the largest step first."""
    step = (signals["score"] - signals["score_before"]).abs().astype(float)
    ordered = signals.loc[step.sort_values(ascending=False, kind="stable").index]
    rows = tuple(
        (
            str(symbol),
            row["label_before"],
            row["label"],
            "changed" if row["is_changed"] else "same",
            format_value(row["score_before"], "score"),
            format_value(row["score"], "score"),
        )
        for symbol, row in ordered.iterrows()
    )
    columns = ("Symbol", "Label before", "Label", "", "Score before", "Score")
    return Table("Signals against the session before", columns, rows, ("Score before", "Score"))


def events_table(events: pd.DataFrame) -> Table:
    """Return earnings and dividends of today, and those ahead."""
    rows = tuple(
        (str(row["symbol"]), row["event"], f"{row['date']:%Y-%m-%d}", row["when"], row["detail"])
        for _, row in events.head(_MOST_SHOWN).iterrows()
    )
    of = f", the first {_MOST_SHOWN} of {len(events):,}" if len(events) > _MOST_SHOWN else ""
    return Table(f"Earnings and dividends{of}", ("Symbol", "Event", "Date", "When", "Detail"), rows)


def missing_table(missing: pd.DataFrame) -> Table:
    """Return the symbols without a bar on the session, the newest first."""
    ordered = missing.sort_values("last_session", ascending=False, kind="stable")
    rows = tuple(
        (str(symbol), format_value(row["last_session"], "date").replace("NaT", "n/a"), row["reason"])
        for symbol, row in ordered.head(_SHOWN_MISSING).iterrows()
    )
    of = f", the first {_SHOWN_MISSING} of {len(missing):,}" if len(missing) > _SHOWN_MISSING else ""
    return Table(f"Without a bar on the session{of}", ("Symbol", "Last bar", "Why"), rows, is_folded=len(rows) > 6)


def _signed_ratio(value: float) -> str:
    text = format_value(value, "ratio")
    return f"+{text}" if value > 0 else text
