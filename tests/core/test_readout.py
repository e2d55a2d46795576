import math
from dataclasses import dataclass
from typing import ClassVar

from investiq.core.facts import Unit
from investiq.core.readout import Readout


@dataclass(frozen=True)
class HalfMoon(Readout):
    units: ClassVar[dict[str, Unit]] = {"p_value": "p_value", "win_rate": "fraction"}
    p_value: float
    win_rate: float
    is_full: bool = False
    table: tuple[int, ...] = ()
    reason: str = ""


def test_a_readout_shows_its_fields_with_their_units():
    shown = str(HalfMoon(0.0123456789, 0.5, table=(1, 2, 3))).splitlines()
    assert shown[0] == "Half moon"
    assert [line.split("  ")[1].strip() for line in shown[1:]] == ["p-value", "Win rate", "Is full", "Table"]
    assert [line.split("  ")[-1].strip() for line in shown[1:]] == ["0.0123", "50.00 %", "no", "3 values"]


def test_a_missing_number_stands_beside_its_reason():
    moon = HalfMoon(math.nan, 0.5, reason="no <data>")
    assert "n/a" in str(moon)
    assert "no &lt;data&gt;" in moon._repr_html_()
    assert "Reason" not in str(HalfMoon(0.1, 0.5))


def test_a_readout_becomes_a_frame_of_plain_values():
    frame = HalfMoon(0.25, 0.5).to_frame()
    assert frame.loc["p-value", "value"] == 0.25
    assert frame.loc["Win rate", "unit"] == "fraction"
