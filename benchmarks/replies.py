"""What the local model answers: varied things to say, with feelings, read by eye and counted by simple measures.

    python benchmarks/replies.py

None of these sentences is an example in the tables the replies are made with. Counted: words, banned phrases
(`faults`), whether the reply shares a word with what was said or was written by hand for that kind of thing, whether
the tone fits (hard, nice or neither, judged beforehand for each sentence), and seconds. Writes
benchmarks/results/replies.json with every reply.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

from common import save, table
from espressivo.emotion import EmotionScores
from espressivo.engines.chat_local import LocalChat
from espressivo.engines.empathy import Turn, answer, warm_up
from espressivo.engines.empathy_text import MOST_WORDS, content_words, faults, word_count
from espressivo.engines.empathy_topics import topics

SEED = 0
SURE = 0.7
# feeling, words, tone that fits: hard, nice, or any
SAID = (
    ("sad", "My best friend is moving to another country.", "hard"),
    ("happy", "I got an A in maths!", "nice"),
    ("angry", "The neighbours are having a party again and I can't sleep.", "hard"),
    ("fearful", "There was a spider as big as my hand in the bathroom.", "hard"),
    ("surprised", "They sent me the wrong parcel, there are six teapots in it.", "any"),
    ("sad", "I lost the ring my grandmother gave me.", "hard"),
    ("bored", "I have to listen to the lecture a second time.", "any"),
    ("disgusted", "Someone threw up on the train.", "hard"),
    ("happy", "My daughter is coming home for Christmas.", "nice"),
    ("contemptuous", "My colleague thinks he knows everything.", "any"),
    ("calm", "I just finished my tea and watched the sunset.", "nice"),
    ("fearful", "I think I am going to get fired.", "hard"),
    ("happy", "Today I learned to ride a bike, at fifty!", "nice"),
    ("neutral", "My aunt passed her pilot exam.", "nice"),
    ("neutral", "My uncle is very ill.", "hard"),
    ("sad", "We sold the house where I grew up.", "hard"),
    ("happy", "The puppy slept on my lap all afternoon.", "nice"),
    ("angry", "My landlord kept the deposit without any reason.", "hard"),
    ("neutral", "The red cup is in the cupboard.", "any"),
    ("neutral", "Lay green by G seven soon.", "any"),
    ("sad", "The tree fell on the fence.", "any"),
    ("surprised", "I ran into my old teacher at the airport.", "any"),
    ("fearful", "My flight goes through a thunderstorm tonight.", "hard"),
    ("neutral", "I have been carrying boxes since the morning.", "any"),
    ("happy", "Our choir sang in the cathedral and everybody clapped.", "nice"),
    ("sad", "My goldfish is dead.", "hard"),
    ("neutral", "What is the opposite of hot?", "any"),
    ("neutral", "How do I boil an egg?", "any"),
    ("sad", "Should I leave my husband?", "any"),
    ("happy", "Can you hear me?", "any"),
)
TONE = {"any": None, **{name: set(topics()[name].members) | {name} for name in ("hard", "nice")}}


def main() -> None:
    chat = LocalChat()
    begun = time.perf_counter()
    warm_up(chat)
    loaded = time.perf_counter() - begun
    replies = [reply(chat, *said) for said in SAID]
    for row in replies:
        print(f"[{row['feeling']}] {row['said']}\n    {row['reply']}   ({row['how']}, {row['topic']})")
    seconds = [row["seconds"] for row in replies]
    toned = [row for row in replies if row["fits"] is not None]
    figures = {
        "replies": len(replies),
        "median_words": statistics.median(row["words"] for row in replies),
        "longer_than_35_words": sum(row["words"] > MOST_WORDS for row in replies),
        "with_banned_phrases": sum(bool(row["faults"]) for row in replies),
        "share_a_word": sum(row["shares_a_word"] for row in replies),
        "tone_fits": f"{sum(row['fits'] for row in toned)} of {len(toned)}",
        "median_seconds": round(statistics.median(seconds), 3),
        "longest_seconds": round(max(seconds), 3),
        "warm_up_seconds": round(loaded, 3),
    }
    table({"local": figures})
    save("replies", {"seed": SEED, "sureness": SURE, "figures": figures, "replies": replies})


def reply(chat: LocalChat, feeling: str, said: str, tone: str) -> dict[str, Any]:
    """One answer and what is counted of it; `fits` is None where any tone would do."""
    emotion = EmotionScores({feeling: SURE, "calm" if feeling == "neutral" else "neutral": 1 - SURE})
    begun = time.perf_counter()
    got = answer(chat, Turn(said, emotion=emotion), seed=SEED)
    seconds = time.perf_counter() - begun
    wanted = TONE[tone]
    return {
        "feeling": feeling,
        "said": said,
        "reply": got.text,
        "how": got.how,
        "topic": got.topic,
        "words": word_count(got.text),
        # What is said back in quotation marks is the person's own.
        "faults": [] if got.how == "fixed" else faults(got.text.replace(said.rstrip(".!"), "")),
        "shares_a_word": bool(content_words(got.text) & content_words(said)),
        "fits": None if wanted is None else got.topic in wanted,
        "seconds": round(seconds, 3),
    }


if __name__ == "__main__":
    main()
