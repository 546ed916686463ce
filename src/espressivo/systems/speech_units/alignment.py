"""When each phone of a known text is said: the best path through what a network hears.

Between two words there may be silence or not; nothing else is optional. (A hidden Markov model with one state a phone,
as in every aligner since the 1980s.)
"""

from __future__ import annotations

import numpy as np

NOWHERE = -1e9


def align(heard: np.ndarray, words: list[list[int]], silence: int) -> tuple[np.ndarray, float] | None:
    """The phone of every frame, and how well the text fits.

    Args:
        heard: (frames, phones) log-likelihoods.
        words: the phones of each word.
        silence: the number that silence has among the phones.

    Returns:
        (frames,) phone numbers and the mean log-likelihood of a frame; None where the text has more phones than the
        recording has frames.
    """
    states = np.array([silence, *(phone for word in words for phone in (*word, silence))])
    skippable = np.concatenate([[False, False], states[1:-1] == silence])
    frames = len(heard)
    score = np.full(len(states), NOWHERE)
    score[:2] = heard[0, states[:2]]
    came = np.zeros((frames, len(states)), np.int8)
    for frame in range(1, frames):
        stay, step, skip = score, np.full_like(score, NOWHERE), np.full_like(score, NOWHERE)
        step[1:], skip[2:] = score[:-1], np.where(skippable[2:], score[:-2], NOWHERE)
        options = np.stack([stay, step, skip])
        came[frame] = options.argmax(axis=0)
        score = options.max(axis=0) + heard[frame, states]
    state = len(states) - 1 - int(score[-2] > score[-1])
    if score[state] < NOWHERE / 2:
        return None
    fit, path = float(score[state] / frames), np.empty(frames, np.int64)
    for frame in range(frames - 1, -1, -1):
        path[frame] = states[state]
        state -= int(came[frame, state])
    return path, fit
