"""What is heard of a voice: how each second sounds, what is kept, and what is too long to be heard."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from espressivo.clip import SPEECH_RATE
from espressivo.errors import InputError
from espressivo.media.read import from_arrays
from espressivo.signal.tokens import SpeechTokens
from espressivo.systems.avlm import spoken as room
from espressivo.systems.avlm.noise import Noise
from espressivo.systems.avlm.spoken import LONGEST, MANNER, Ear, Spoken, SpokenFeature
from espressivo.systems.voice_emotion.hearing import LAYERS, Heard
from tests.synthetic import tone
from tests.systems.avlm.making import spoken
from tests.systems.making import talker


class Tells:
    """In place of `Prosody`: a token for each 40 ms."""

    def tokens(self, sound):
        units = int(sound.duration * 25)
        return SpeechTokens(*(np.zeros(-(-units // every), np.int16) for every in (1, 2, 25)), 120.0)


def ear(heard):
    made = Ear()
    made.prosody, made._hearing = Tells(), lambda samples: heard
    return made


def sound(seconds):
    return from_arrays(sound=(tone(seconds), SPEECH_RATE)).sound


def heard(start, frames, speech):
    layers = np.random.default_rng(0).normal(size=(len(LAYERS), frames, MANNER // len(LAYERS))).astype(np.float32)
    return Heard(start, layers, np.zeros(frames), np.zeros(frames), speech)


def test_how_each_second_sounds_is_the_mean_over_its_speech():
    speech = np.ones(100, bool)
    speech[60:80] = False
    given = heard(0.3, 100, speech)  # from 0.3 to 2.3 s
    found = ear(given)(sound(2.5))
    frames = np.concatenate(given.layers, axis=1)
    assert found.manner.shape == (3, MANNER)
    for second, own in enumerate((slice(0, 35), slice(35, 85), slice(85, 100))):
        np.testing.assert_allclose(found.manner[second], frames[own][speech[own]].mean(0), atol=1e-5)


def test_a_second_in_which_nobody_speaks_sounds_like_nothing():
    found = ear(heard(0.0, 150, np.arange(150) < 50))(sound(3.0))
    assert found.manner[0].any()
    assert not found.manner[1:].any()
    assert not ear(None)(sound(1.0)).manner.any()


def test_what_is_heard_behind_the_last_token_belongs_to_the_last_second():
    found = ear(heard(0.0, 60, np.ones(60, bool)))(sound(1.0))
    assert found.manner.shape == (1, MANNER)
    assert (len(found), found.seconds) == (25, 1.0)


def test_a_recording_of_many_utterances_is_not_heard():
    with pytest.raises(InputError, match=r"^the sound lasts 61 s: an utterance lasts at most 60 s; cut it up$"):
        ear(None)(sound(LONGEST + 1))


def test_what_is_kept_comes_back():
    given = spoken(1.3)
    again = Spoken.of(given.arrays)
    for part in ("units", "pitch", "style"):
        np.testing.assert_array_equal(getattr(again.tokens, part), getattr(given.tokens, part))
    assert again.tokens.register == given.tokens.register
    assert again.manner.dtype == np.float32
    np.testing.assert_allclose(again.manner, given.manner, atol=3e-3)


@pytest.mark.parametrize(("units", "pitch", "style"), [(25, 13, 1), (26, 13, 2), (7, 4, 1), (40, 20, 2), (99, 20, 2)])
def test_a_cut_keeps_the_beginning(units, pitch, style):
    given = spoken(1.6)
    found = given.cut(units)
    np.testing.assert_array_equal(found.tokens.units, given.tokens.units[:units])
    np.testing.assert_array_equal(found.tokens.pitch, given.tokens.pitch[:pitch])
    np.testing.assert_array_equal(found.tokens.style, given.tokens.style[:style])
    np.testing.assert_array_equal(found.manner, given.manner[:style])


# For the cache


def test_what_is_heard_otherwise_has_another_name():
    noise = Noise("esc10--5-15-0", (Path("a.wav"),), (-5.0, 15.0))
    names = {feature.name for feature in (SpokenFeature(), SpokenFeature("any"), SpokenFeature("any", noise))}
    assert len(names) == 3


def test_it_can_go_to_another_process():
    feature = SpokenFeature("any", Noise("hum", (Path("a.wav"),), (0.0, 1.0)))
    assert pickle.loads(pickle.dumps(feature)) == feature


def test_a_clip_is_heard_with_its_noise(monkeypatch):
    given = []
    monkeypatch.setattr(room, "Ear", lambda licence: lambda sound: given.append((licence, sound)) or spoken())
    monkeypatch.setattr(room, "mixed", lambda sound, noise, name: (noise.name, name))
    clip, noise = talker(), Noise("hum", (Path("a.wav"),), (0.0, 1.0))
    for feature in (SpokenFeature("any"), SpokenFeature("permissive", noise)):
        assert set(feature(clip)) == {"units", "pitch", "style", "register", "manner"}
    assert given == [("any", clip.sound), ("permissive", ("hum", "talker"))]
    with pytest.raises(InputError, match="talker has no sound"):
        SpokenFeature()(talker(sound=False))
