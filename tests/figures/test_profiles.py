import investiq as iq
from investiq.indicators.profiles import volume_profile


def test_the_figure_shows_every_bucket_and_the_levels():
    profile = volume_profile(iq.load_bars("^GSPC").adjusted())
    figure = profile.figure()
    drawn = sorted(volume for trace in figure.data for volume in trace.x)
    assert drawn == sorted(profile.volumes)
    assert [shape.y0 for shape in figure.layout.shapes] == [profile.poc, profile.close]
    assert figure.layout.yaxis.title.text == "Price"
    assert "SAMPLE data" in figure.layout.title.subtitle.text
    assert profile.figure(theme="dark").layout.template.layout.paper_bgcolor == "#131a22"


def test_the_labels_of_the_levels_stand_beside_the_bars_and_apart():
    profile = volume_profile(iq.load_bars("^GSPC").adjusted())
    poc, close = profile.figure().layout.annotations
    # Left of them is the plot, whose longest bar is that of the point of control.
    assert {(each.xref, each.x, each.xanchor) for each in (poc, close)} == {("paper", 1, "left")}
    assert (poc.yanchor, close.yanchor) == (("bottom", "top") if profile.poc >= profile.close else ("top", "bottom"))
