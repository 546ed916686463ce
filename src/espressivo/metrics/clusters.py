"""How well discrete units stand for phones: purity and normalised mutual information.

Source: Hsu et al., HuBERT (arXiv 2106.07447), section IV-D.
"""

from __future__ import annotations

import numpy as np


def counts(units: np.ndarray, phones: np.ndarray) -> np.ndarray:
    """How often each unit falls on each phone: (units, phones) integers, from two rows of (frames,) labels."""
    names, unit = np.unique(units, return_inverse=True)
    spoken, phone = np.unique(phones, return_inverse=True)
    table = np.zeros((len(names), len(spoken)), np.int64)
    np.add.at(table, (unit, phone), 1)
    return table


def purity(units: np.ndarray, phones: np.ndarray) -> float:
    """Share of the frames that are right if each unit is read as its commonest phone ("phone purity")."""
    table = counts(units, phones)
    return float(table.max(axis=1).sum() / table.sum())


def pnmi(units: np.ndarray, phones: np.ndarray) -> float:
    """Share of the phones' entropy that knowing the unit takes away."""
    joint = counts(units, phones) / len(units)
    unit, phone = joint.sum(axis=1, keepdims=True), joint.sum(axis=0, keepdims=True)
    some = joint > 0
    information = float((joint[some] * np.log(joint[some] / (unit * phone)[some])).sum())
    entropy = -float((phone[phone > 0] * np.log(phone[phone > 0])).sum())
    return information / entropy if entropy > 0 else 0.0


def bits(units: np.ndarray) -> float:
    """Entropy of the units in bits: times their rate it is the bitrate that they could be sent with."""
    share = np.unique(units, return_counts=True)[1] / len(units)
    return -float((share * np.log2(share)).sum())
