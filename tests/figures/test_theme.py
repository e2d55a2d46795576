import itertools

import numpy as np
import pytest

from investiq.core.errors import ConfigError
from investiq.figures.theme import THEMES, template, theme_of

BOTH = pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)

# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB.
DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)
# sRGB to CIE XYZ, D65.
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(color):
    channels = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """WCAG 2.1: (lighter + 0.05) / (darker + 0.05) of the relative luminances."""
    low, high = sorted(float(linear(color) @ [0.2126, 0.7152, 0.0722]) for color in (one, other))
    return (high + 0.05) / (low + 0.05)


def lab(rgb):
    x = TO_XYZ @ np.clip(rgb, 0, 1) / [0.95047, 1.0, 1.08883]
    f = np.where(x > 0.008856, np.cbrt(x), 7.787 * x + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def distance_without_green(one, other):
    return float(np.linalg.norm(lab(DEUTERANOPIA @ linear(one)) - lab(DEUTERANOPIA @ linear(other))))


def test_the_contrast_formula_gives_the_limits_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)  # the grey that just fails AA


@BOTH
def test_text_stands_out_by_the_double_a_level(theme):
    for text, ground in itertools.product((theme.text, theme.muted), (theme.surface, theme.panel)):
        assert contrast(text, ground) >= 4.5


@BOTH
def test_lines_and_marks_stand_out_by_three_to_one(theme):
    for color in (*theme.series, theme.up, theme.down, theme.entry, theme.exit, theme.muted, theme.faint):
        assert contrast(color, theme.surface) >= 3.0


@BOTH
def test_numbers_in_heat_map_cells_are_readable_on_every_colour(theme):
    for _, color in theme.diverging:
        assert contrast(theme.text, color) >= 4.5


@BOTH
def test_series_stay_apart_for_readers_who_do_not_see_green(theme):
    # CIE 1976 differences; two are "noticeably different" from about 10.
    for one, other in itertools.combinations((*theme.series, theme.text), 2):
        assert distance_without_green(one, other) > 15
    for one, other in ((theme.entry, theme.exit), (theme.up, theme.down), (theme.series[0], theme.muted)):
        assert distance_without_green(one, other) > 15


@BOTH
def test_gains_and_losses_stay_apart_for_readers_who_do_not_see_green(theme):
    loss, gain = theme.diverging[0][1], theme.diverging[-1][1]
    assert distance_without_green(loss, gain) > 40


@BOTH
def test_the_diverging_scale_is_centred_on_zero(theme):
    places = [place for place, _ in theme.diverging]
    assert places[len(places) // 2] == 0.5
    assert places == sorted(places)


@BOTH
def test_the_template_carries_the_colours_and_no_button_that_sends_data_away(theme):
    layout = template(theme).layout
    assert (layout.paper_bgcolor, layout.font.color) == (theme.surface, theme.text)
    assert "sendChartToCloud" in layout.modebar.remove
    assert layout.hovermode == "x unified"
    assert "system-ui" in layout.font.family


def test_an_unknown_theme_is_refused():
    with pytest.raises(ConfigError, match="'light' or 'dark', was 'drak'; did you mean 'dark'"):
        theme_of("drak")
