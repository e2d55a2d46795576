"""What a run may ask for where its account is to be that of vectorbt's `Portfolio.from_signals`."""

from __future__ import annotations

from typing import Any, Final

from investiq.backtesting.running import needs_general
from investiq.core.errors import ConfigError
from investiq.execution.options import VECTORBT_RULES, RunOptions

__all__ = ["CHOICES", "check_expressible"]

# Besides the choices of `VECTORBT_RULES`.
CHOICES: Final[dict[str, Any]] = {
    "weight": 1.0,
    "size_at": "open",
    "lot": None,
    "posting_rounding": None,
    "limit_gap": "open",
    "both_inside": "stop",
    "insufficient": "reduce",
    "max_volume_participation": None,
    "end": "mark",
}


def check_expressible(options: RunOptions) -> None:
    """Refuse options that `Portfolio.from_signals` has no counterpart for.

    Its side of the run: signals shifted by one bar, ``price`` the open,
    ``stop_entry_price="fillprice"`` and ``stop_exit_price="stopmarket"``.

    Raises
    ------
    ConfigError
        With the option, its value, and the value that parity needs.

    Examples
    --------
    >>> from investiq.execution.options import options_of
    >>> check_expressible(options_of({"rules": "vectorbt", "stop_loss": 0.02, "trailing_stop": 0.05}))
    Traceback (most recent call last):
        ...
    investiq.core.errors.ConfigError: vectorbt keeps one stop, fixed or trailing; were stop_loss 0.02 and trailing_stop 0.05
    """
    if options.stop_loss is not None and options.trailing_stop is not None:
        raise ConfigError(
            f"vectorbt keeps one stop, fixed or trailing; were stop_loss {options.stop_loss} and "
            f"trailing_stop {options.trailing_stop}"
        )
    for name, value in {**VECTORBT_RULES, **CHOICES}.items():
        if getattr(options, name) != value:
            raise ConfigError(f"parity with vectorbt needs {name}={value!r}, was {getattr(options, name)!r}")
    if options.costs.per_share is not None or needs_general(options):
        raise ConfigError(
            "parity with vectorbt needs one symbol, long only, without margin, carried orders, halts or rates, and "
            f"percentage fees; was {options}"
        )
