"""reply.json holds plain values, and all that a reader needs."""

import json

from .making import face, perception, reply


def test_as_dict_is_json_with_the_promised_keys() -> None:
    content = json.loads(json.dumps(reply(perception(track=face())).as_dict()))
    assert set(content) == {"clip", "emotion", "senses", "heard", "notes", "reply", "seconds"}
    assert content["emotion"] == {"name": "sad", "sureness": "sure", "scores": {"sad": 1.0}}
    assert content["heard"]["words"][1] == {"text": "there", "start": 0.5, "end": 0.9}
    assert content["reply"]["speech"] == {"seconds": 2.0, "rate": 24000, "synthetic": True}
    assert content["seconds"] == {"looking": 0.1, "thinking": 0.2}


def test_the_reply_carries_the_feeling() -> None:
    assert reply().emotion.top == "sad"
