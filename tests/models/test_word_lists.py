import pytest

from investiq.core.errors import DataError
from investiq.models.word_lists import read_word_list

# The layout of the Loughran-McDonald dictionary; the words are invented.
TABLE = "Word,Seq_num,Negative,Positive\nGLORIOUS,1,0,2009\nDREADFUL,2,2011,0\nNULL,3,2009,0\nTABLE,4,0,0\nREMOVED,5,-2020,0\n"


def test_a_file_of_the_users_own_is_read_by_its_columns(tmp_path):
    path = tmp_path / "master.csv"
    path.write_text(TABLE)
    words = read_word_list(path)
    assert (words.positive, words.negative, words.name) == ({"glorious"}, {"dreadful", "null"}, "master")
    assert words.score(["A glorious day", "Not glorious", "A removed table"], [""] * 3).tolist() == [1, -1, 0]
    assert read_word_list(path, name="LM").name == "LM"


def test_a_file_that_is_absent_or_laid_out_otherwise_is_refused(tmp_path):
    with pytest.raises(DataError, match="expected a CSV file with the columns Word, Positive, Negative"):
        read_word_list(tmp_path / "none.csv")
    path = tmp_path / "other.csv"
    path.write_text("word,score\na,1\n")
    with pytest.raises(DataError, match="no column Word, Positive, Negative; found word, score"):
        read_word_list(path)
