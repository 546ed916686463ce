"""What must be caught, what must not, and what the fixed replies hold."""

import pytest

from espressivo.engines.safety import KINDS, careful_reply, danger

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
    ],
    "violence": [
        "I'm going to kill him.",
        "I want to hurt my kids",
        "I want to stab someone.",
        "I bought a gun and I will use it",
        "I will shoot up the school",
        "I'm seriously thinking of killing them",
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
