"""The ids that a text model's vocabulary is extended by: speech tokens, and what surrounds or replaces them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from espressivo.signal.tokens import Layout

EXTRA = ("begin", "end", "dropped", "face")


@dataclass(frozen=True)
class Vocabulary:
    """Text first, then units, pitch and style, then EXTRA.

    Attributes:
        text: how many ids the text model has.
    """

    text: int

    @cached_property
    def layout(self) -> Layout:
        return Layout(first=self.text)

    @property
    def added(self) -> int:
        return self.layout.size + len(EXTRA)

    @property
    def size(self) -> int:
        return self.text + self.added

    @property
    def begin(self) -> int:
        """Speech begins."""
        return self._extra("begin")

    @property
    def end(self) -> int:
        """Speech is over."""
        return self._extra("end")

    @property
    def dropped(self) -> int:
        """In place of a speech token that nobody heard."""
        return self._extra("dropped")

    @property
    def face(self) -> int:
        """Where something seen is put in."""
        return self._extra("face")

    def _extra(self, name: str) -> int:
        return self.text + self.layout.size + EXTRA.index(name)
