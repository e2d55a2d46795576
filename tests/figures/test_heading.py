from investiq.figures.heading import heading, wrapped


def test_lines_break_between_words_and_never_within_one():
    assert wrapped("one two three", 7) == "one two<br>three"
    assert wrapped("conditional", 4) == "conditional"


def test_a_hyphen_is_no_place_to_break():
    assert wrapped("aa -0.5", 4) == "aa<br>-0.5"


def test_each_line_of_the_subtitle_makes_the_margin_wider():
    # 25 words of 7 letters and a space are 199 letters: 3 lines of at most 96.
    one, three = heading("t", "word"), heading("t", " ".join(["letters"] * 25))
    assert three["title"]["subtitle"]["text"].count("<br>") == 2
    assert three["margin"]["t"] - one["margin"]["t"] == 2 * 17


def test_a_legend_of_two_rows_has_room_for_both():
    # 6 names of 20 letters are 184 px each: 3 stand beside one another in 640 px, so they fill 2 rows.
    none, names = heading("t", "s"), heading("t", "s", ["a" * 20] * 6)
    assert names["margin"]["t"] - none["margin"]["t"] == 2 * 22


def test_short_names_share_one_row():
    # 52 + 6.6 x 3 = 71.8 px each, 4 of them 287 px.
    assert heading("t", "s", ["abc"] * 4)["margin"]["t"] - heading("t", "s")["margin"]["t"] == 22
