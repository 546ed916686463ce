"""A clip as a row: what stands where, what is to be foreseen, and when it happens."""

import numpy as np
import pytest

from espressivo.systems.avlm.sequence import NOTHING, NOWHEN, Writer, moments
from espressivo.systems.avlm.vocabulary import EXTRA, Vocabulary
from tests.systems.avlm.making import WORDS, seen, spoken

VOICE = spoken(1.2)
IDS = VOICE.tokens.ids(WORDS.layout)


def test_no_two_tokens_have_the_same_id():
    layout = WORDS.layout
    groups = [
        range(WORDS.text),
        range(layout.first, layout.pitch_first),
        range(layout.pitch_first, layout.style_first),
        range(layout.style_first, layout.style_first + layout.style),
        [WORDS.begin, WORDS.end, WORDS.dropped, WORDS.face],
    ]
    assert [token for group in groups for token in group] == list(range(WORDS.size))
    assert WORDS.added == layout.size + len(EXTRA)
    assert Vocabulary(100).begin - WORDS.begin == 100 - WORDS.text


def test_speech_stands_between_its_marks():
    row = Writer(WORDS).speech(VOICE).done()
    np.testing.assert_array_equal(row.ids, [WORDS.begin, *IDS, WORDS.end])
    assert len(row) == len(IDS) + 2
    assert (row.targets == NOTHING).all()


def test_each_place_foresees_the_next():
    row = Writer(WORDS).speech(VOICE, learned=True).done()
    np.testing.assert_array_equal(row.targets[:-1], row.ids[1:])
    assert row.targets[-1] == NOTHING


def test_the_first_token_is_not_foreseen_by_what_stands_before_the_speech():
    row = Writer(WORDS).text([1, 2]).speech(VOICE, learned=True).done()
    np.testing.assert_array_equal(row.targets[:3], [NOTHING, NOTHING, IDS[0]])


def test_what_is_dropped_is_not_read_and_it_alone_is_learned():
    missing = np.random.default_rng(0).uniform(size=len(IDS)) < 0.5
    row = Writer(WORDS).speech(VOICE, dropped=missing, learned=missing).done()
    np.testing.assert_array_equal(row.ids[1:-1], np.where(missing, WORDS.dropped, IDS))
    np.testing.assert_array_equal(row.targets[:-2], np.where(missing, IDS, NOTHING))
    assert (row.targets[-2:] == NOTHING).all()


def test_text_is_learned_where_it_is_said():
    row = Writer(WORDS).text([5, 6]).text([7, 8], learned=True).done()
    np.testing.assert_array_equal(row.ids, [5, 6, 7, 8])
    np.testing.assert_array_equal(row.targets, [NOTHING, 7, 8, NOTHING])


def test_tokens_have_the_moment_at_which_they_begin():
    layout, times = WORDS.layout, moments(VOICE)
    for kind, step in (("unit", 1), ("pitch", 2), ("style", 25)):
        own = times[[layout.kind(int(token)) == kind for token in IDS]]
        np.testing.assert_array_equal(own, step * np.arange(len(own)))
    assert (np.diff(times) >= 0).all()


def test_marks_have_the_moments_beside_them_and_text_has_none():
    row = Writer(WORDS).speech(VOICE).text([1, 2]).done()
    np.testing.assert_array_equal(row.moments, [0, *moments(VOICE), 29, NOWHEN, NOWHEN])


@pytest.mark.parametrize(("frames", "slots"), [(1, 1), (5, 1), (6, 2), (28, 6)])
def test_a_face_has_a_place_for_every_five_frames(frames, slots):
    face = seen(frames)
    row = Writer(WORDS).face(face, slots=True).text([1]).done()
    np.testing.assert_array_equal(row.ids, [WORDS.face] * slots + [1])
    np.testing.assert_array_equal(row.moments[:-1], 2 + 5 * np.arange(slots))
    assert row.seen is face


@pytest.mark.parametrize("face", [None, seen(9)])
def test_a_face_without_places_or_none_at_all_leaves_the_row_alone(face):
    row = Writer(WORDS).face(face, slots=face is None).text([1]).done()
    np.testing.assert_array_equal(row.ids, [1])
    assert row.seen is face


def test_manner_goes_to_the_style_tokens_that_are_read():
    voice, missing = spoken(2.5), np.zeros(len(spoken(2.5).tokens.ids(WORDS.layout)), bool)
    styles = np.flatnonzero([WORDS.layout.kind(int(token)) == "style" for token in voice.tokens.ids(WORDS.layout)])
    missing[styles[1]] = True
    row = Writer(WORDS).text([1, 2, 3]).speech(voice, dropped=missing).done()
    np.testing.assert_array_equal(row.manner_at, 4 + styles[[0, 2]])
    np.testing.assert_array_equal(row.manner, voice.manner[[0, 2]])
    np.testing.assert_array_equal(row.ids[row.manner_at] - WORDS.layout.style_first, voice.tokens.style[[0, 2]])


def test_manner_is_left_out_if_that_is_wished():
    row = Writer(WORDS).speech(VOICE, manner=False).done()
    assert row.manner.shape == (0, VOICE.manner.shape[1])
    assert row.manner_at.shape == (0,)


def test_parts_stand_in_the_order_in_which_they_are_written():
    first, second = spoken(0.6, 1), spoken(1.4, 2)
    writer = Writer(WORDS).face(seen(12), slots=True).speech(first).text([9]).speech(second)
    row = writer.done()
    assert writer.length == len(row)
    ids = [voice.tokens.ids(WORDS.layout) for voice in (first, second)]
    wanted = [[WORDS.face] * 3, [WORDS.begin], ids[0], [WORDS.end, 9, WORDS.begin], ids[1], [WORDS.end]]
    np.testing.assert_array_equal(row.ids, np.concatenate(wanted))
    np.testing.assert_array_equal(row.manner, np.concatenate([first.manner, second.manner]))
    np.testing.assert_array_equal(
        row.ids[row.manner_at] - WORDS.layout.style_first, np.concatenate([first.tokens.style, second.tokens.style])
    )
