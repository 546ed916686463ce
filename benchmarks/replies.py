"""What the local model answers: varied things to say, with feelings, read by eye and counted by simple measures.

    python benchmarks/replies.py

Those under SEEN were read again and again while the tables and rules were made, so they flatter; those under FRESH were
written afterwards and nothing was changed for them. Counted for each: words, banned phrases
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
from espressivo.engines.chat.local import LocalChat
from espressivo.engines.empathy import Turn, answer, warm_up
from espressivo.engines.empathy.text import MOST_WORDS, content_words, faults, word_count
from espressivo.engines.empathy.topics import topics

SEED = 0
SURE = 0.7
# feeling, words, tone that fits: hard, nice, or any
SEEN = (
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
FRESH = (
    ("sad", "My neighbour was taken to hospital in the night.", "hard"),
    ("happy", "We adopted a kitten from the shelter.", "nice"),
    ("angry", "The waiter ignored us for an hour.", "hard"),
    ("fearful", "My son wants to ride a motorbike.", "hard"),
    ("happy", "I baked a cherry pie and it turned out perfect.", "nice"),
    ("sad", "I can't find my wallet anywhere.", "hard"),
    ("disgusted", "The sink in the office smells of old fish.", "hard"),
    ("surprised", "My grandmother bought herself a drum kit.", "any"),
    ("bored", "The queue at the post office did not move at all.", "any"),
    ("happy", "My poem will be printed in the newspaper!", "nice"),
    ("neutral", "I lent the ladder to a man from number nine.", "any"),
    ("angry", "They charged me twice and say it is my mistake.", "hard"),
    ("sad", "My daughter does not call me any more.", "hard"),
    ("calm", "The lake was so still that you could hear the birds.", "nice"),
    ("neutral", "How many legs does a spider have?", "any"),
    ("fearful", "What if the baby comes too early?", "hard"),
)
TONE = {"any": None, **{name: set(topics()[name].members) | {name} for name in ("hard", "nice")}}


def main() -> None:
    chat = LocalChat()
    begun = time.perf_counter()
    warm_up(chat)
    loaded = time.perf_counter() - begun
    replies = {name: [reply(chat, *said) for said in group] for name, group in (("seen", SEEN), ("fresh", FRESH))}
    for name, rows in replies.items():
        print(f"--- {name}")
        for row in rows:
            print(f"[{row['feeling']}] {row['said']}\n    {row['reply']}   ({row['how']}, {row['topic']})")
    figures = {name: summary(rows) for name, rows in replies.items()}
    table(figures)
    setup = {"seed": SEED, "sureness": SURE, "warm_up_seconds": round(loaded, 3)}
    save("replies", {"setup": setup, "figures": figures, "replies": replies})


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The counts over a group of replies."""
    toned = [row for row in rows if row["fits"] is not None]
    seconds = [row["seconds"] for row in rows]
    return {
        "replies": len(rows),
        "median_words": statistics.median(row["words"] for row in rows),
        "longer_than_35_words": sum(row["words"] > MOST_WORDS for row in rows),
        "with_banned_phrases": sum(bool(row["faults"]) for row in rows),
        "share_a_word": sum(row["shares_a_word"] for row in rows),
        "tone_fits": f"{sum(row['fits'] for row in toned)} of {len(toned)}",
        "tone_opposite": sum(row["opposite"] for row in rows),
        "median_seconds": round(statistics.median(seconds), 3),
        "longest_seconds": round(max(seconds), 3),
    }


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
        "opposite": tone != "any" and got.topic in (TONE["nice" if tone == "hard" else "hard"] or ()),
        "seconds": round(seconds, 3),
    }


if __name__ == "__main__":
    main()
