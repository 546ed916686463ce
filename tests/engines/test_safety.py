"""What must be caught, what must not, and what the fixed replies hold."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from espressivo.engines import safety
from espressivo.engines.safety import GENTLE, KINDS, Concern, careful_reply, concern, danger
from espressivo.engines.safety_meaning import MOST, Meaning, exemplars, pieces
from espressivo.engines.safety_sentences import SentenceEncoder
from espressivo.errors import AssetError

CAUGHT = {
    "self-harm": [
        "I want to kill myself.",
        "I don't want to live anymore",
        "I’m thinking about suicide.",
        "Sometimes I wish I was dead.",
        "everyone would be better off without me",
        "There's no reason to live.",
        "I just can't go on anymore.",
        "I keep cutting myself.",
        "I've been harming myself again",
        "I feel suicidal.",
        "I want to die.",
        "I just wanna die",
        "I took all my pills.",
        "I'm going to end my life tonight.",
        "My friend says she wants to kill herself.",
        "I want to jump off a bridge",
        "I'm so tired of living.",
        "life is not worth living",
        "I wish I could fall asleep and never wake up",
        "I don't want to be here anymore.",
        "I want to end it all",
        "I am going to hang myself",
        "I don't want to die but I can't go on like this",
        "I've been thinking about ending my life.",
        "I don't see the point in living anymore",
        "I just want everything to stop, I want to be dead",
        "sometimes I think the world would be better without me",
        "I bought a rope and I'm going to hang myself tonight",
        "I'm going to overdose",
        "I hate myself and I want to hurt myself",
        "I feel like killing myself",
        "I tried to kill myself last year",
        "Nobody would care if I died",
        "I don't deserve to live",
        "I can't take it anymore, I want to die",
        "My son is talking about killing himself",
        "I want to disappear forever",
        "I wish I had never been born",
        "I took forty pills",
        "I swallowed a whole bottle of pills",
        "I don't want to wake up tomorrow",
        "I have nothing to live for",
        "I can't do this anymore, I'm done with life",
        "I want to stop living",
        "I'm planning my suicide",
        "Lately I think about dying all the time",
        "I've got a knife and I'm going to cut my wrists",
        "I want to take my own life",
        "there's no point in living",
        "I would be better off dead",
        "I feel like ending it all",
        "I can't live like this anymore",
        "my girlfriend wants to kill herself",
        "I'm going to end it tonight",
        "I cut myself last night",
        "I've been hurting myself",
        "I want to go to sleep and never wake up",
        "I don't want to be a burden any longer",
        "I'm on the roof and I'm going to jump",
        "my son is cutting himself",
        "how many pills does it take to die",
        "I drank a bottle of vodka and took sleeping pills",
        "the voices tell me to hurt myself",
        "I don't see any point in being here anymore",
        "I'm going to drive my car into a wall tonight",
        "Everything is hopeless and I have a plan",
        "I'm going to jump off bridge",
    ],
    "emergency": [
        "My father is having a heart attack!",
        "I can't breathe and my chest hurts",
        "I have a strong pain in my chest.",
        "She is unconscious on the floor.",
        "He is not breathing",
        "Please call an ambulance.",
        "my kitchen is on fire",
        "There's a fire in the building!",
        "My daughter swallowed bleach.",
        "it's bleeding heavily and I feel dizzy",
        "I think I am having a stroke",
        "The baby is choking!",
        "My mom is not breathing!",
        "My grandpa fell and he's unconscious",
        "I have terrible chest pain and my arm is numb",
        "help, my house is on fire",
        "I cut my hand and the bleeding won't stop",
        "he is having a seizure",
        "I think my wife is having a stroke, her face is drooping",
        "my kid drank drain cleaner",
        "we've had a car accident and my friend is trapped",
        "I'm allergic and my throat is swelling, I can't breathe",
        "I drank bleach",
        "my mother can't breathe",
        "he collapsed and he's not responding",
        "my brother is having a stroke",
        "there's smoke everywhere, our house is on fire",
        "someone stabbed me",
        "I've been shot",
        "I think I'm having heart attack",
        "there is fire in kitchen, house is on fire",
    ],
    "abuse": [
        "My husband hits me when he drinks.",
        "He beat me again last night.",
        "I was raped.",
        "My stepfather touches me at night.",
        "He threatened to kill me.",
        "I don't feel safe at home.",
        "I'm scared to go home",
        "My uncle abused me when I was small",
        "Somebody is trying to break into my house.",
        "he won't let me leave the flat",
        "I'm being stalked",
        "Someone is following me.",
        "My boyfriend has been choking me",
        "my dad punched me in the face",
        "My wife beats me and the kids",
        "my partner slapped me again and I'm scared",
        "I'm being abused by my coach",
        "he raped me",
        "My ex keeps stalking me",
        "someone broke into my house and is still here",
        "he grabbed me by the throat and choked me",
        "my husband pushes me around and hits the children",
        "they force me to work and took my passport",
        "my father comes into my room at night and touches me",
        "my partner beats me every night",
        "my husband strangled me yesterday",
        "my uncle raped me",
        "a man is following me home",
        "my father hits my little sister",
        "she threatened to kill me with a knife",
        "I'm afraid of my husband",
    ],
    "violence": [
        "I'm going to kill him.",
        "I want to hurt my kids",
        "I want to stab someone.",
        "I bought a gun and I will use it",
        "I will shoot up the school",
        "I'm seriously thinking of killing them",
        "I want to kill my boss",
        "I'm going to shoot everyone at work",
        "I am so angry I want to strangle him",
        "I have thoughts of hurting my baby",
        "I'm going to murder my wife",
        "I want to shoot my teacher",
        "I want to blow up the school",
        "I'm thinking about hurting my children",
        "I'm gonna bring a gun to school",
        "the voices tell me to kill people",
        "I can't stop thinking about shaking the baby",
    ],
}
HARMLESS = [
    "",
    "This traffic is killing me.",
    "I could kill for a coffee.",
    "I'm dead tired.",
    "I'm dying to see that film.",
    "My feet are killing me",
    "I nearly died laughing.",
    "That cake is to die for.",
    "I almost had a heart attack when the balloon burst.",
    "You scared me to death.",
    "My brother beat me at chess.",
    "She hit me up for a ride.",
    "My phone is dead.",
    "I laughed so hard I can't breathe.",
    "The plants are dying.",
    "He killed it on stage last night.",
    "My mother is going to kill me if I'm late.",
    "I hurt myself playing football.",
    "I cut myself shaving this morning.",
    "We watched Suicide Squad.",
    "My grandfather died of a heart attack ten years ago.",
    "The team is on fire this season!",
    "I would never hurt anyone.",
    "I don't want to die, I love my life.",
    "I'm not suicidal, just sad.",
    "I shoot myself in the foot with that remark.",
    "We killed some time at the station.",
    "I can't live without chocolate.",
    "I can't go on holiday this year.",
    "I had a stroke of luck.",
    "My boss is a pain in the neck.",
    "The deadline is murder.",
    "Bin blue at F two now.",
    "My dog died last night.",
    "I feel so sad and lonely.",
    "I failed my exam and I want to cry.",
    "He beat the eggs and I made a cake.",
    "In the game we shoot from the tower.",
    "I'm afraid of my driving test.",
    "It hit me that summer is over.",
    "My boss shouted at me in front of everyone.",
    "I want to live in Spain.",
    "The baby woke us five times.",
    "Kill the lights please.",
    "I was bitten by mosquitoes.",
    "I need to get more sleep.",
    "I'm done with work for today",
    "I want to die my hair red",
    "This song slaps, it hit me hard",
    "He hit the ball to me",
    "My battery died",
    "I'd kill for some sleep",
    "The exam killed me",
    "I was beaten in the final",
    "My team beat them",
    "I choked on my words during the speech",
    "I'm so hungry I could die",
    "You're killing it!",
    "I want to cut my hair",
    "I hurt my knee",
    "That joke killed me",
    "I burned the toast",
    "I'm going to kill this bug in my code",
    "We're going to murder them in the match on Saturday",
    "I love to shoot photos of people",
    "I'm scared of the dark",
    "I had a panic about the deadline",
    "My chest is covered in tattoos",
    "I can hardly wait",
    "Breathe in, breathe out",
    "The fire brigade visited our school",
    "We made a fire in the garden",
    "My uncle is a coach",
    "I want to be alive in the year 2100",
    "I don't want to live in London anymore",
    "I don't want to go on holiday with them",
    "It's the end of my life as a student",
    "The movie was about suicide bombers",
    "I took my pills this morning",
    "I jumped off the sofa",
    "I want to jump on the trampoline",
    "She stopped breathing heavily after the run",
    "My car broke down",
    "I am bleeding money on this flat",
    "Hang on, I'm coming",
    "I want to hang the picture myself",
    "He drives me crazy",
    "My boss is killing me with emails",
    "I lost my father last year",
    "I was burned out last year",
    "I could murder a pizza",
    "my head is killing me",
    "I'm dying of thirst after the run",
    "the battery is dead",
    "break a leg",
    "that film was a killer",
    "we shot some hoops",
    "shoot me an email",
    "he dropped dead gorgeous lines",
    "I bombed the test",
    "my heart attacked the high notes",
    "I'm choking up, that was so sweet",
    "the bleeding edge of technology",
    "she slapped a sticker on it",
    "he kicked the ball into the goal",
    "I beat my personal record",
    "I feel burned out",
    "I was hit by a wave of joy",
    "she's a knockout",
    "drop dead funny",
    "suicide is a topic in the play we read",
    "cut it out",
    "the cat attacked my shoelaces",
    "I killed a mosquito",
    "my plants died",
    "I'm scared of heights",
    "I'd rather stay home",
    "I want to end the meeting early",
    "I took the tablets back to the shop",
    "the fire was lovely last night",
    "my chest of drawers is broken",
    "call me later",
    "the accident on the motorway made me late",
    "my father passed away",
    "I took two pills for my headache",
    "My son hit me with a ball",
    "my wife hit me with great news",
    "I want to shoot them with my new camera",
    "I am going to jump off the diving board",
    "My friend killed herself last year",
    "I watched a film about suicide",
]


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in CAUGHT.items() for text in texts])
def test_plain_words_are_caught(kind: str, text: str) -> None:
    assert danger(text) == kind


@pytest.mark.parametrize("text", HARMLESS)
def test_figures_of_speech_are_left_alone(text: str) -> None:
    assert danger(text) is None


def test_case_and_marks_do_not_matter() -> None:
    assert danger("I WANT TO KILL MYSELF!!!") == danger("well… i don’t, uh, i want to kill myself") == "self-harm"


@pytest.mark.parametrize("kind", KINDS)
def test_replies_point_to_help_and_claim_nothing(kind: str) -> None:
    reply = careful_reply(kind)
    assert all(pointer in reply for pointer in ("emergency number", "112", "911"))
    assert not any(claim in reply for claim in ("I understand", "I know how"))
    if kind != "emergency":
        assert "findahelpline.com" in reply


def test_long_text_is_quick() -> None:
    """No pattern may blow up on what nobody says."""
    import time

    begun = time.process_time()
    assert danger("i can not really " * 5000) is None
    assert danger("my husband has had is was keeps " * 2000) is None
    assert time.process_time() - begun < 2


class Words:
    """Stands in for the sentence encoder: sentences are close when they share words."""

    def __call__(self, sentences: list[str]) -> np.ndarray:
        vectors = np.zeros((len(sentences), 512), np.float32)
        for row, sentence in zip(vectors, sentences, strict=True):
            for word in sentence.split():
                row[sum(ord(c) * 31**i for i, c in enumerate(word)) % 512] += 1
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


@pytest.fixture
def by_words() -> Meaning:
    said = ["i set the barn ablaze", "he stalks the girl", "we had soup today", "the garden is green"]
    encoder = Words()
    return Meaning(encoder, ["violence", "abuse", "harmless", "harmless"], encoder(said))  # type: ignore[arg-type]


def test_meaning_goes_by_the_closest_sentences(by_words: Meaning) -> None:
    assert by_words("I set the barn ablaze!") == Concern("violence", sure=True)
    assert by_words("He stalks the girl.") == Concern("abuse", sure=True)
    assert by_words("We had soup today. The garden is green.") is None
    assert by_words("We had soup today. I set the barn ablaze. The garden is green.") == Concern("violence", sure=True)
    assert by_words("") is None


def test_long_sentences_are_judged_in_pieces(by_words: Meaning) -> None:
    words = [str(i) for i in range(100)]
    parts = pieces(" ".join(words))
    assert all(len(part.split()) <= MOST for part in parts)
    assert {word for part in parts for word in part.split()} == set(words)
    assert pieces("Yes. Oh no!") == []
    assert (
        by_words("we had soup today " * 20 + "i set the barn ablaze i set the barn ablaze i set the barn ablaze")
        is not None
    )


def test_both_nets_and_either_alone(monkeypatch: pytest.MonkeyPatch, by_words: Meaning) -> None:
    monkeypatch.setattr(safety, "second_net", lambda: by_words)
    assert concern("I set the barn ablaze.") == Concern("violence", sure=True)
    assert concern("I want to kill myself.") == Concern("self-harm", sure=True)
    assert concern("") is None
    monkeypatch.setattr(safety, "second_net", lambda: None)
    assert concern("I set the barn ablaze.") is None
    assert concern("I want to kill myself.") == Concern("self-harm", sure=True)


def test_weights_out_of_reach_leave_the_patterns(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def out_of_reach() -> Meaning:
        raise AssetError("no network")

    monkeypatch.setattr(Meaning, "load", out_of_reach)
    safety._second_net.cache_clear()
    try:
        assert concern("I want to kill myself.") == Concern("self-harm", sure=True)
        assert concern("I set the barn ablaze.") is None
        assert concern("I set the barn ablaze.") is None
        assert caplog.text.count("by patterns only: no network") == 1
    finally:
        safety._second_net.cache_clear()


def test_exemplars_are_many_and_of_one_kind_each() -> None:
    kinds, sentences = exemplars()
    assert len(set(sentences)) == len(sentences)
    assert all(kinds.count(kind) >= 25 for kind in KINDS)
    assert kinds.count("harmless") >= 80
    assert "local emergency number" in GENTLE


def test_vectors_are_those_of_transformers(tmp_path: Path) -> None:
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=20, hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=32,
        max_position_embeddings=80, initializer_range=0.5,
    )  # fmt: skip
    model = BertModel(config).eval()
    model.save_pretrained(tmp_path)
    tokenizer = Tokenizer(models.WordLevel({"[PAD]": 0, "[UNK]": 1, "a": 2, "b": 3, "c": 4}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    got = SentenceEncoder.load(tmp_path)(["a b c b a", "c", "b a"])
    with torch.inference_mode():
        for vector, ids in zip(got, ([2, 3, 4, 3, 2], [4], [3, 2]), strict=True):
            mean = model(torch.tensor([ids])).last_hidden_state[0].mean(0)
            np.testing.assert_allclose(vector, (mean / mean.norm()).numpy(), atol=1e-5)


@pytest.mark.weights
def test_the_real_net_sees_what_no_pattern_foresaw(asset: Callable[[str], Path]) -> None:
    asset("minilm")
    net = Meaning.load()
    for kind, text in (
        ("self-harm", "I cannot imagine being alive next month"),
        ("emergency", "he swallowed something poisonous and throws up"),
        ("abuse", "my boyfriend twisted my arm until it broke"),
        ("violence", "I dream about slitting his throat"),
    ):
        found = net(text)
        assert found is not None, text
        assert found.kind == kind
    for text in ("We are having pizza with the neighbours.", "My cousin plays the violin.", "It rained all morning."):
        assert net(text) is None
