"""What is known of a clip after it was read: means of what belongs to each sense, and 0 of a sense that is missing."""

import numpy as np
import pytest
import torch

from espressivo.errors import ConfigError
from espressivo.systems.avlm import language
from espressivo.systems.avlm.asking import asked, batched, senses, worded
from espressivo.systems.avlm.fusions import FUSIONS
from espressivo.systems.avlm.heads import SENSES, widths
from espressivo.systems.avlm.seen import EXPRESSION
from espressivo.systems.avlm.spoken import MANNER
from espressivo.systems.avlm.states import mean_of, moved, states_of
from tests.systems.avlm.making import DIM, WORDS, lively, packed, row, seen, spoken


def test_means_of_each_clip():
    rows, which = torch.tensor([[1.0, 2], [3, 4], [5, 9]]), torch.tensor([2, 2, 0])
    assert mean_of(rows, which, 4).tolist() == [[5, 9], [0, 0], [2, 3], [0, 0]]
    assert mean_of(rows[:0], which[:0], 2).tolist() == [[0, 0], [0, 0]]


def test_states_are_means_over_what_belongs_to_a_sense(lm):
    given = [row(1.2, seen(30), share=0.3), row(2.2, seen(55, 1), seed=1, share=0.3)]
    layout = WORDS.layout
    for one in given:  # the first and the last of each kind
        for low, high in ((layout.pitch_first, layout.style_first), (layout.style_first, WORDS.begin)):
            own = np.flatnonzero((one.ids >= low) & (one.ids < high))
            one.ids[own[[0, -1]]] = low, high - 1
    batch = packed(given)
    hidden = torch.randn(len(batch.ids), DIM)
    found = states_of(lively(lm), batch, hidden)
    for n, (one, own) in enumerate(zip(given, hidden.split(batch.lengths.tolist()), strict=True)):
        kinds = np.array([layout.kind(int(token)) for token in one.ids])
        parts = [own[kinds == "style"].mean(0), own[kinds == "pitch"].mean(0)]
        scaled = (one.manner - one.manner.mean(1, keepdims=True)) / one.manner.std(1, keepdims=True)
        parts.append(torch.from_numpy(scaled).mean(0))
        torch.testing.assert_close(found.voice[n], torch.cat(parts), atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(found.face[n, :DIM], own[one.ids == WORDS.face].mean(0), atol=1e-5, rtol=1e-5)
        stream = one.seen.expression
        wanted = [stream.mean(0), stream.std(0), np.quantile(stream, 0.9, 0), np.abs(np.diff(stream, axis=0)).mean(0)]
        np.testing.assert_allclose(found.face[n, DIM:].view(4, EXPRESSION), wanted, atol=1e-5)
    assert torch.equal(found.both, torch.cat([found.voice, found.face], 1))


def test_seconds_in_which_nobody_speaks_have_no_share(lm):
    one = row(2.0, None, share=0)
    one.manner[1] = 0
    batch = packed([one])
    found = states_of(lively(lm), batch, torch.randn(len(batch.ids), DIM))
    first = torch.from_numpy(one.manner[:1])
    torch.testing.assert_close(found.voice[0, -MANNER:], torch.nn.functional.layer_norm(first, (MANNER,))[0])


@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_missing_sense_is_nothing(lm, fusion):
    net = lively(lm, fusion=fusion)
    found = senses(net, [(spoken(), None), (None, seen()), (spoken(), seen())])
    for sense, wide in widths(DIM).items():
        assert found[sense].shape == (3, wide)
        assert torch.isfinite(found[sense]).all()
    assert not found["face"][0].any()
    assert not found["voice"][1].any()
    assert found["voice"][2].any()
    assert bool(found["face"][2].any()) == (fusion != "none")


@pytest.mark.parametrize("fusion", [name for name in FUSIONS if name != "none"])
def test_by_voice_alone_nothing_of_the_face_shows(lm, fusion):
    net = lively(lm, fusion=fusion)
    found = senses(net, [(spoken(), seen(25, n)) for n in range(2)] + [(spoken(), None)])
    for n in (1, 2):
        torch.testing.assert_close(found["voice"][n], found["voice"][0], atol=1e-5, rtol=1e-4)
    assert (found["both"][0] - found["both"][1]).abs().max() > 0.01


def test_a_clip_has_the_same_states_whoever_else_is_there(lm):
    net = lively(lm)
    given = [(spoken(0.6), seen(15)), (spoken(2.4, 1), seen(60, 1))]
    together = senses(net, given)
    for n, one in enumerate(given):
        alone = senses(net, [one])
        for sense in SENSES:
            torch.testing.assert_close(together[sense][n], alone[sense][0], atol=1e-4, rtol=1e-3)


def test_heads_look_at_expressions_whatever_the_eye_looks_at(lm):
    net = lively(lm, encoders=("pixels",))
    batch = batched(net, [asked(net.config, spoken(), seen()).done()])
    assert moved(batch).shape == (1, 4 * EXPRESSION)
    assert moved(batch).any()


def test_one_frame_says_nothing_of_how_a_face_moves():
    assert not moved(packed([row(0.6, seen(1)), row(0.6, None)])).any()


def test_an_answer_is_told_by_its_first_token(lm):
    names = ("neutral", "happy", "sad")
    net, given = lively(lm, emotions=names), [(spoken(0.6), seen(15)), (spoken(2.4, 1), None)]
    for found, one in zip(worded(net, given), given, strict=True):
        batch = batched(net, [asked(net.config, *one).done()])
        first = [language.tokenizer(lm)(f" {name}", add_special_tokens=False)["input_ids"][0] for name in names]
        with torch.inference_mode():
            torch.testing.assert_close(found, net.text_logits(net(batch)[-1:])[0, first], atol=1e-3, rtol=1e-3)


def test_answers_that_begin_alike_cannot_be_told(lm):
    with pytest.raises(ConfigError, match="begins two emotions alike"):
        worded(lively(lm, emotions=("sad", "surprised")), [(spoken(), None)])
