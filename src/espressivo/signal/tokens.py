"""Speech as tokens that a language model can read and write: what is said, its melody, and how it sounds.

Units (25 a second) hold the sounds of the words; pitch tokens (12.5 a second) the melody, relative to the speaker's own
register; style tokens (one a second) the rest of the expression. They are woven into one row by time, as in SpiRit-LM
(Nguyen et al., arXiv 2402.05755): a second is its style, then twelve or thirteen times a pitch and the two units over
which it lies. Nothing is left out where a unit repeats: the row keeps the rhythm, and gives back exactly what went in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from espressivo.errors import ConfigError, InputError
from espressivo.signal.pitch import Pitch, from_semitones, to_semitones

UNIT_RATE, PITCH_RATE, STYLE_RATE = 25.0, 12.5, 1.0
PER_PITCH, PER_STYLE = round(UNIT_RATE / PITCH_RATE), round(UNIT_RATE / STYLE_RATE)
UNVOICED = 0


@dataclass(frozen=True)
class PitchScale:
    """Pitch in steps around the register, the median of what is voiced; token 0 is unvoiced.

    Attributes:
        count: of tokens, unvoiced included.
        step: semitones between two tokens. With 64 of them the scale reaches 15.5 semitones up and down.
    """

    count: int = 64
    step: float = 0.5

    @property
    def reach(self) -> float:
        """Semitones from the register to either end of the scale."""
        return self.step * ((self.count - 2) // 2)

    def tokens(self, hz: np.ndarray, register: float) -> np.ndarray:
        """(frames,) Hz, 0 where unvoiced, to (frames,) int16; beyond the scale's end the last token stands."""
        if register <= 0:
            return np.zeros(len(hz), np.int16)
        semitones = np.nan_to_num(to_semitones(hz, register))
        steps = np.clip(np.round((semitones + self.reach) / self.step), 0, self.count - 2).astype(np.int16)
        return np.where(hz > 0, steps + 1, UNVOICED).astype(np.int16)

    def hertz(self, tokens: np.ndarray, register: float) -> np.ndarray:
        """The middle of each token's step, (frames,) float32 Hz; 0 where unvoiced."""
        semitones = (np.asarray(tokens) - 1) * self.step - self.reach
        return np.where(np.asarray(tokens) == UNVOICED, 0, from_semitones(semitones, register)).astype(np.float32)


@dataclass(frozen=True)
class Layout:
    """Which ids stand for what: units first, then pitch, then style, from `first` on.

    Attributes:
        units, style: how many there are of each.
        first: the id of the first unit: the size of the text vocabulary that they are put behind.
    """

    units: int = 500
    scale: PitchScale = field(default_factory=PitchScale)
    style: int = 100
    first: int = 0

    @property
    def size(self) -> int:
        """How many ids there are."""
        return self.units + self.scale.count + self.style

    @property
    def pitch_first(self) -> int:
        return self.first + self.units

    @property
    def style_first(self) -> int:
        return self.pitch_first + self.scale.count

    def kind(self, token: int) -> str | None:
        """ "unit", "pitch", "style", or None for an id that is no speech."""
        if not self.first <= token < self.first + self.size:
            return None
        return "unit" if token < self.pitch_first else "pitch" if token < self.style_first else "style"


@dataclass(frozen=True, eq=False)
class SpeechTokens:
    """A stretch of speech as tokens.

    Attributes:
        units: (n,) integers, 25 a second.
        pitch: (⌈n / 2⌉,) integers, 12.5 a second.
        style: (⌈n / 25⌉,) integers, one a second; None where nobody has measured it.
        register: Hz, the pitch in the middle of the speaker's voice; 0 where nothing is voiced.

    Raises:
        InputError: lengths that do not belong together.
    """

    units: np.ndarray
    pitch: np.ndarray
    style: np.ndarray | None = None
    register: float = 0.0

    def __post_init__(self) -> None:
        n = len(self.units)
        wanted = {"pitch": -(-n // PER_PITCH)} | ({} if self.style is None else {"style": -(-n // PER_STYLE)})
        for name, length in wanted.items():
            got = len(getattr(self, name))
            if got != length:
                raise InputError(f"{n} units take {length} {name} tokens, got {got}: they must cover the same time")

    def __len__(self) -> int:
        return len(self.units)

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self) / UNIT_RATE

    def ids(self, layout: Layout) -> np.ndarray:
        """One row of ids, int64, woven by time.

        Raises:
            ConfigError: a token that the layout has no id for.
        """
        groups = {
            "unit": (self.units, layout.units, layout.first),
            "pitch": (self.pitch, layout.scale.count, layout.pitch_first),
            "style": (np.zeros(0, int) if self.style is None else self.style, layout.style, layout.style_first),
        }
        for name, (tokens, count, _) in groups.items():
            if len(tokens) and not 0 <= int(tokens.min()) <= int(tokens.max()) < count:
                raise ConfigError(f"got the {name} token {int(tokens.max())}: the layout has {count} of them")
        # What lies at the same moment is ordered: style, pitch, unit.
        steps = {"unit": 1, "pitch": PER_PITCH, "style": PER_STYLE}
        moments = np.concatenate([np.arange(len(groups[name][0])) * steps[name] for name in groups])
        ranks = np.concatenate(
            [np.full(len(groups[name][0]), rank) for rank, name in zip((2, 1, 0), groups, strict=True)]
        )
        row = np.concatenate([np.asarray(tokens, np.int64) + first for tokens, _, first in groups.values()])
        return row[np.lexsort((ranks, moments))]

    @classmethod
    def of_ids(cls, ids: Iterable[int], layout: Layout, *, register: float = 0.0, repair: bool = False) -> SpeechTokens:
        """What `ids` gave, from a row that `ids` made.

        Args:
            register: is not in the row.
            repair: for rows that a model wrote: ids that are no speech are passed over; a pitch or style that is
                missing is as the one before, and of two at one moment the later counts.

        Raises:
            InputError: without `repair`, a row that is not woven so.
        """
        row = [int(token) for token in ids]
        read = _Reader(layout, styled=any(layout.kind(token) == "style" for token in row))
        for place, token in enumerate(row):
            wanted = read.wanted
            if not read.take(token) and not repair:
                got = layout.kind(token) or "no speech"
                raise InputError(f"id {token} at place {place} is out of turn: got {got}, wanted {wanted}")
        if not repair and read.pending:
            raise InputError(f"the row ends with {read.pending} and no unit after it")
        return read.tokens(register)


class _Reader:
    """Unweaves a row: knows what is due, and fills in what never came."""

    def __init__(self, layout: Layout, styled: bool) -> None:
        self.layout, self.styled = layout, styled
        self.rows: dict[str, list[int]] = {"unit": [], "pitch": [], "style": []}
        self.next: dict[str, int] = {}

    @property
    def due(self) -> list[str]:
        """What must come before the next unit, in order."""
        place = len(self.rows["unit"])
        style = ["style"] if self.styled and place % PER_STYLE == 0 else []
        pitch = ["pitch"] if place % PER_PITCH == 0 else []
        return [*style, *pitch]

    @property
    def wanted(self) -> str:
        left = [name for name in self.due if name not in self.next]
        return left[0] if left else "unit"

    @property
    def pending(self) -> str:
        return " and ".join(self.next)

    def take(self, token: int) -> bool:
        """Whether it was this token's turn."""
        kind, wanted = self.layout.kind(token), self.wanted
        if kind is None:
            return False
        firsts = {"unit": self.layout.first, "pitch": self.layout.pitch_first, "style": self.layout.style_first}
        value = token - firsts[kind]
        if kind != "unit":
            if kind in self.due:
                self.next[kind] = value
            return kind == wanted
        for name in self.due:
            self.rows[name].append(self.next.get(name, self._last(name)))
        self.rows["unit"].append(value)
        self.next = {}
        return kind == wanted

    def _last(self, name: str) -> int:
        return self.rows[name][-1] if self.rows[name] else 0

    def tokens(self, register: float) -> SpeechTokens:
        units, pitch, style = (np.array(self.rows[name], np.int16) for name in ("unit", "pitch", "style"))
        return SpeechTokens(units, pitch, style if self.styled else None, register)


def pitch_tokens(pitch: Pitch, units: int, scale: PitchScale | None = None) -> tuple[np.ndarray, float]:
    """The melody over `units` units: (⌈units / 2⌉,) int16 tokens, and the register in Hz, 0 where nothing is voiced."""
    scale, count = scale or PitchScale(), -(-units // PER_PITCH)
    hz = pitch.at(PITCH_RATE, count).hz
    voiced = hz[hz > 0]
    register = float(np.exp(np.median(np.log(voiced)))) if len(voiced) else 0.0
    return scale.tokens(hz, register), register


def deduplicated(units: Sequence[int] | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Runs of the same unit as one: the units (runs,), and how many frames each lasts (runs,)."""
    row = np.asarray(units)
    starts = np.flatnonzero(np.concatenate([[True], row[1:] != row[:-1]])) if len(row) else np.zeros(0, int)
    return row[starts], np.diff(np.append(starts, len(row)))
