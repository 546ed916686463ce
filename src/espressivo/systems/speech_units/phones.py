"""Text as phones: the alphabet in which the units are taught what to keep."""

from __future__ import annotations

from functools import cached_property

from espressivo.engines.timed import SILENCE, TimedVoice

# hibari's letters for English: the IPA, with Kokoro's capitals for diphthongs (A as in day, I my, O go, W now, Y boy).
LETTERS = "ɹəɪdntsɔðzklibIæmʌɑɛŋwhfvpɡAOuɜʃjWʧʤʊθYʒ"
PHONES = (*LETTERS, SILENCE)
# Letters that sound alike but for stress or haste.
ALIKE = {"ᵊ": "ə", "ɐ": "ə", "ᵻ": "ɪ", "T": "t", "ɾ": "t"}
NUMBER = {phone: i for i, phone in enumerate(PHONES)} | {letter: PHONES.index(phone) for letter, phone in ALIKE.items()}


class Speller:
    """English words as phones, by hibari's dictionary and rules."""

    @cached_property
    def _voice(self) -> TimedVoice:
        return TimedVoice()

    def __call__(self, text: str) -> list[list[int]]:
        """The phones of each word, as numbers in PHONES; empty where nothing is English."""
        words = " ".join(self._voice.engine.phonemize(text)).split()
        spelled = [[NUMBER[letter] for letter in word if letter in NUMBER] for word in words]
        return [word for word in spelled if word]
