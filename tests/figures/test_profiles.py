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
