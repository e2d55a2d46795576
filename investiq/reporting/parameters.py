"""One parameter of a report: what a line of the `parameters` cell declares, and whether a value fits it."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from investiq.core.errors import ConfigError, DataError, ReportError, near_matches

__all__ = ["Parameter", "WrongParameterError", "read_line"]

_TYPES: Final[Mapping[str, type]] = {"str": str, "int": int, "float": float, "bool": bool}
_TRUTH: Final[Mapping[str, bool]] = {"true": True, "yes": True, "false": False, "no": False}
_EXPECTED: Final[Mapping[str, str]] = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
}

_LINE: Final = re.compile(
    r"(?P<name>[a-z][a-z0-9_]*): (?P<kind>str|int|float|bool)(?P<optional> \| None)? = (?P<default>.+?)"
    r"  # \[(?P<bracket>[^\]]+)\] (?P<words>\S.*)"
)
_NUMBER: Final = r"-?[0-9_]*\.?[0-9]+(?:e-?[0-9]+)?"
_RANGE: Final = re.compile(rf"(?P<above>above )?(?P<low>{_NUMBER}) to (?P<high>{_NUMBER})|(?P<side>above|at least) (?P<only>{_NUMBER})")  # fmt: skip

# What `make_report` itself is told by these words.
_RESERVED: Final = frozenset({"template", "parameters", "folder", "exports", "name", "progress"})


class WrongParameterError(ReportError, ConfigError):
    """What a report was asked for will not do, and nothing of it was started: change it."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A typed parameter of a report template.

    Attributes
    ----------
    name : str
    kind : {"str", "int", "float", "bool"}
    default : str, int, float, bool or None
    unit : str
        Such as ``"bps"``; ``"symbol"``, ``"date"`` and ``"file"`` say what a text is. Empty for one of several choices.
    low, high : float
        The range; infinite where there is no bound.
    is_open : bool
        Whether `low` itself lies outside the range.
    choices : tuple of str
        The texts that it may be; empty for any.
    is_optional : bool
        Whether it may be None, as a text ``none``.
    words : str
        What it is for.
    """

    name: str
    kind: str
    default: Any
    unit: str
    words: str
    low: float = -math.inf
    high: float = math.inf
    is_open: bool = False
    choices: tuple[str, ...] = ()
    is_optional: bool = False

    @property
    def allowed(self) -> str:
        """The range or the choices in words; empty where all is allowed."""
        if self.choices or self.kind == "bool":
            return " | ".join(self.choices or ("true", "false"))
        if math.isinf(self.low):
            return ""
        if math.isinf(self.high):
            return f"{'above' if self.is_open else 'at least'} {self.low:g}"
        return f"{'above ' if self.is_open else ''}{self.low:g} to {self.high:g}"

    def read(self, text: str) -> Any:
        """Return the value that a text of the command line means, of the declared type.

        Raises
        ------
        WrongParameterError
            If it means none.
        """
        word = text.strip()
        if self.is_optional and word.casefold() == "none":
            return None
        try:
            if self.kind == "bool":
                return _TRUTH[word.casefold()]
            return text if self.kind == "str" else _TYPES[self.kind](word)
        except (KeyError, ValueError):
            raise WrongParameterError(self._refusal(text)) from None

    def check(self, value: Any) -> Any:
        """Return `value` as the notebook gets it: a whole number becomes a float where one is declared.

        Raises
        ------
        WrongParameterError
            If it is of another type, outside the range, none of the choices, no
            date, or a file that is not there.
        """
        if value is None and self.is_optional:
            return None
        if isinstance(value, Path):
            value = str(value)
        if self.kind == "float" and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not _TYPES[self.kind]:
            raise WrongParameterError(f"{self._refusal(value)} of type {type(value).__name__}")
        if isinstance(value, str):
            self._check_text(value)
        elif isinstance(value, (int, float)) and not isinstance(value, bool) and not self._is_within(value):
            raise WrongParameterError(self._refusal(value))
        return value

    def _check_text(self, value: str) -> None:
        if value == self.default:
            return
        if self.choices and value not in self.choices:
            raise WrongParameterError(f"{self._refusal(value)}{near_matches(value, self.choices)}")
        if self.unit == "date":
            self._check_date(value)
        if self.unit == "symbol" and (not value or any(letter.isspace() for letter in value)):
            raise WrongParameterError(f"parameter {self.name} must be one symbol, such as '^GSPC', was {value!r}")
        if self.unit == "file" and not Path(value).is_file():
            raise WrongParameterError(f"parameter {self.name} must name a file that is there, was {value!r}")

    def _check_date(self, value: str) -> None:
        from investiq.history.instants import instant

        if not value and self.default == "":
            return
        try:
            instant(value)
        except DataError as error:
            raise WrongParameterError(
                f"parameter {self.name} must be a date such as '2018-12-31', was {value!r}: {error}"
            ) from error

    def _is_within(self, value: float) -> bool:
        if math.isnan(value):
            return False
        return (value > self.low if self.is_open else value >= self.low) and value <= self.high

    def _refusal(self, value: Any) -> str:
        expected = f"one of {', '.join(self.choices)}" if self.choices else _EXPECTED[self.kind]
        if self.unit and self.kind in ("int", "float"):
            expected += f" ({self.unit})"
        if self.allowed and not self.choices and self.kind != "bool":
            expected += f", {self.allowed}"
        if self.is_optional:
            expected += ", or none"
        return f"parameter {self.name} must be {expected}, was {value!r}"


def read_line(line: str) -> Parameter:
    """Return what one line of a `parameters` cell declares.

    Raises
    ------
    ReportError
        If it does not follow ``name: type = default  # [unit; range or choices] words``,
        or its default contradicts it.

    Examples
    --------
    >>> read_line("cost_bps: float = 5.0  # [bps; 0 to 1000] slippage of each side").allowed
    '0 to 1000'
    """
    found = _LINE.fullmatch(line)
    if found is None:
        raise ReportError(
            f"{line!r} does not follow `name: type = default  # [unit; range or choices] words` "
            f"with a type of {', '.join(_TYPES)}"
        )
    name = found["name"]
    if name in _RESERVED:
        raise ReportError(f"a parameter cannot be called {name!r}: make_report has an argument of that name")
    try:
        default = ast.literal_eval(found["default"])
    except (ValueError, SyntaxError):
        raise ReportError(f"the default of {name} must be a literal, was {found['default']}") from None
    bracket = _bracket(name, found["bracket"])
    if found["kind"] == "bool":
        # Yes and no, however the line words them.
        bracket.pop("choices", None)
    parameter = Parameter(
        name=name,
        kind=found["kind"],
        default=default,
        words=found["words"],
        is_optional=found["optional"] is not None,
        **bracket,
    )
    if parameter.choices and default not in (*parameter.choices, None):
        raise ReportError(f"the default of {name}, {default!r}, is none of its choices {parameter.allowed}")
    if parameter.unit != "file":
        parameter.check(default)
    return parameter


def _bracket(name: str, text: str) -> dict[str, Any]:
    """Return unit, range and choices of ``[unit; range or choices]``."""
    unit, sign, rest = (part.strip() for part in text.partition(";"))
    if not sign and "|" in unit:
        unit, rest = "", unit
    if not rest:
        return {"unit": unit}
    if "|" in rest:
        return {"unit": unit, "choices": tuple(word.strip().strip("\"'") for word in rest.split("|"))}
    found = _RANGE.fullmatch(rest)
    if found is None:
        raise ReportError(
            f"the brackets of {name} must hold a range such as '0 to 1000', 'above 0 to 1' or 'at least 1', "
            f"or choices such as 'light | dark', after the unit; found {rest!r}"
        )
    if found["only"]:
        return {"unit": unit, "low": float(found["only"]), "is_open": found["side"] == "above"}
    low, high = float(found["low"]), float(found["high"])
    if low > high:
        raise ReportError(f"the range of {name} begins above its end: {rest}")
    return {"unit": unit, "low": low, "high": high, "is_open": found["above"] is not None}
