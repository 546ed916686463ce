"""The text of a reply: made plain enough to be spoken, and checked for what a reply must not say."""

from __future__ import annotations

import re

MOST_WORDS = 35
MOST_SENTENCES = 2

_PLAIN = (
    (r"```.*?(?:```|$)", " "),
    (r"<[^<>]*>", " "),
    (r"!?\[([^\]]*)\]\([^)]*\)", r"\1"),
    (r"(?m)^\s*(?:[-*•#>]+|\d+[.)])\s+", ""),
    (r"\*[^*\n]{0,40}(?:smil|nod|hug|sigh|laugh|paus)[^*\n]{0,40}\*|\((?:smil|nod|hug|sigh|laugh|paus)[^)]*\)", " "),
    (r"[*_`#~|]+", ""),
    (r"https?://\S+", ""),
    (r"(?i)^\s*(?:assistant|reply|answer|response|listener|friend|ai|bot)\s*:\s*", ""),
    (r"(?i)\bas an? (?:ai|artificial|language|virtual|digital|large)[^,.!?]*,\s*", ""),
    (r"[“”]", '"'),
    (r"[‘’]", "'"),
    (r"\s*[–—]\s*", ", "),
    (r"\.{2,}|…", "."),
    # Whatever is not a letter, digit or common mark: emoji, arrows, boxes.
    (r"[^\w\s.,;:!?'\"()%&$€£/+-]", ""),
    (r"([!?])[!?]+", r"\1"),
    (r"\s+", " "),
    (r"\s+([.,;:!?])", r"\1"),
)

_SOMEONE = r"(?:you|him|her|them|yourself|himself|herself|myself|someone|people|everyone)\b"
# Nothing to call, to open or to be afraid of: made up, or meant to harm.
_HARMFUL = (
    r"\bhttps?:|\bwww\.|\b[\w-]+\.(?:com|org|net|info|io|co|gov|edu)\b|\b[\w.+-]+@[\w-]+\.\w+",
    r"\+?\d[\d ().-]{5,}\d|\b\d{3}-\d{3,4}\b|\b(?:call|dial|text|phone|ring) (?:\w+ )?\d{3,}\b",
    rf"\b(?:kill|murder|stab|strangle|poison|shoot) {_SOMEONE}",
    rf"\b(?:i'll|will|want to|going to|should|could|must|just|go|and|let's) "
    rf"(?:hurt|hit|beat|punch|attack|slap|harm|burn) "
    rf"{_SOMEONE}",
    r"\b(?:you (?:should|must|will|deserve to|ought to|'ll) (?:die|suffer|pay for|be punished|regret)|watch your back|"
    r"revenge|weapon|bomb|(?:go|just) (?:and )?die|better off dead|worthless)\b",
)
# A program that speaks of its own life, takes the person for somebody else, or promises what it cannot do.
_WRONG = (
    r"\bmy (?!name\b)\w+",
    r"\bi(?:'m| am) (?:a|an|the|your|in|at|on|from|going|looking forward|just|also|getting|having|proud|excited)\b",
    r"\bi (?:was|had|remember|used to|went|live|lived|work|worked|love|loved|like|know (?:how|what)|understand how|"
    r"want|need|feel|felt|saw|met|bought|got|once|also|too|promise|miss|missed|did|do(?!n't know)|would love|will|"
    r"have)\b",
    r"\bi'(?:ve|ll)\b|\bi can'?t wait\b|\bme (?:too|and)\b",
    r"\b(?:we|us|our|let's)\b",
    r"\bsmollm|hugging ?face|openai|language model|\bai\b|chatbot|assistant\b",
    r"\b(?:user|system) ?(?:prompt|message)\b|\[[^\]]*\]|\bname\b",
    r"\bhelp (?:me|you with)\b|\bassist you\b|\bhow can i help\b|\bhow may i\b",
    r"\bi (?:do not|don't) (?:have|know what you)\b|\bnot sure what you\b",
    r"\bsorry for (?:the|any) (?:confusion|mistake)",
    r"\b(?:love you|kiss|sexy|darling|honey|sweetheart|dear)\b",
    r"\b(?:dosage|mg|diagnos\w+|prescri\w+|lawsuit|invest)\b",
    *_HARMFUL,
    r"\b(?:stupid|idiot|shut up|your fault|get over it|calm down|cheer up|deal with it)\b",
)
_WRONG_RE = re.compile("|".join(f"(?:{pattern})" for pattern in _WRONG))
_SENTENCE = re.compile(r"[^.!?]*[.!?]+[\"')]*(?=\s|$)")
_ABBREVIATION = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|St|e\.g|i\.e|etc|No|a\.m|p\.m)\.$")

_EVERYDAY = """
a about after again all also am an and any anybody anything are around as at back be been before being but
by can could day days did do does done down else even ever every everyone everything feel feeling for from
get gets getting go goes going good got had has have having he her here hers herself him himself his how i
if in into is it its itself just know last let like made make many may me mine more most much must my myself
never new next no not nothing now of off on one only or other our out over people really said same say says
see she should so some somebody someone something still such take tell than that the their them then there
these they thing things think this those though time to today told tomorrow tonight too up us very want
wants was way we well went were what when where which while who whole why will with without would yes
yesterday yet you your yours yourself
"""


def tidy(text: str) -> str:
    """Plain spoken text: no markup, emoji, lists or stage directions; whole sentences, at most two, at most 35 words.

    Empty when nothing whole is left.
    """
    for pattern, instead in _PLAIN:
        text = re.sub(pattern, instead, text, flags=re.DOTALL)
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].strip()
    kept: list[str] = []
    for sentence in sentences(text):
        if len(kept) == MOST_SENTENCES or word_count(" ".join([*kept, sentence])) > MOST_WORDS:
            break
        kept.append(sentence)
    return " ".join(kept)


def sentences(text: str) -> list[str]:
    """The whole sentences of a text; an unfinished rest is left out."""
    found: list[str] = []
    for match in _SENTENCE.finditer(text):
        if found and _ABBREVIATION.search(found[-1]):
            found[-1] += match[0]
        else:
            found.append(match[0].strip())
    return [sentence for sentence in found if re.search(r"\w", sentence)]


def faults(text: str) -> list[str]:
    """What a reply says that it must not: phrases found, or that it repeats itself; empty when it may be spoken."""
    small = text.lower().replace("’", "'")
    found = [match[0] for match in _WRONG_RE.finditer(small)]
    words = re.findall(r"\w+", small)
    runs = [tuple(words[i : i + 3]) for i in range(len(words) - 2)]
    if len(set(runs)) < len(runs):
        found.append("repeats itself")
    return found if text.strip() else ["is empty"]


def unspeakable(words: str) -> bool:
    """Whether the person's own words hold what must not be read back: violence, addresses, numbers to call."""
    return bool(re.search("|".join(_HARMFUL), words.lower().replace("’", "'")))


def word_count(text: str) -> int:
    return len(text.split())


def recent(text: str, most: int) -> str:
    """The last whole sentences of a text that together have at most `most` words, or its last words."""
    kept = ""
    for sentence in reversed(sentences(text.strip() if text.strip()[-1:] in ".!?" else f"{text.strip()}.")):
        if word_count(f"{sentence} {kept}") > most:
            break
        kept = f"{sentence} {kept}".strip()
    return kept or " ".join(text.split()[-most:])


def content_words(text: str) -> set[str]:
    """The stems of what a text is about: without everyday words, in small letters, endings cut off."""
    small, everyday = text.lower().replace("’", "'"), set(_EVERYDAY.split())
    return {stem(word) for word in re.findall(r"[^\W\d_]{2,}|\d+", re.sub(r"'\w+", "", small)) if word not in everyday}


def stem(word: str) -> str:
    """A word without its usual English ending, enough to tell that "dogs" and "dog" are the same."""
    for ending in ("ing", "ied", "ies", "ed", "es", "ly", "s", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    # "shouted" and "shouting", "stole" and "stol": a last e or a doubled letter does not matter either.
    word = word.removesuffix("e") if len(word) > 3 else word
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word
