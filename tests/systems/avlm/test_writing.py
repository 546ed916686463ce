"""What the model writes: as if it read all of it again for each token, and no further than it should."""

import pytest
import torch

from espressivo.systems.avlm.fusions import FUSIONS
from espressivo.systems.avlm.writing import write
from tests.systems.avlm.making import TEXT, lively, packed, row, seen

MOST = 8
ASKED = ((0.6, b"so?"), (2.2, b"what does she say?"), (1.0, b""))


def prompts(fusion, more=((), (), ())):
    """Rows of unequal length, the last of somebody who is not seen; and what was written after them."""
    rows = [
        row(seconds, seen(int(25 * seconds), n) if n < 2 else None, fusion, n, text=[*text, *after])
        for n, ((seconds, text), after) in enumerate(zip(ASKED, more, strict=True))
    ]
    return packed(rows, fusion)


@torch.inference_mode()
def read_again(net, fusion):
    """What is written if each row is read from its beginning for every token."""
    out = [[], [], []]
    for _ in range(MOST):
        batch = prompts(fusion, out)
        last = net(batch)[batch.lengths.cumsum(0) - 1]
        for own, token in zip(out, net.text_logits(last).argmax(-1).tolist(), strict=True):
            own.append(token)
    return out


@pytest.mark.parametrize("fusion", FUSIONS)
def test_it_writes_as_if_it_read_all_of_it_again(lm, fusion):
    net = lively(lm, fusion=fusion)
    wanted = read_again(net, fusion)
    assert len({token for own in wanted for token in own}) > 2
    assert write(net, prompts(fusion), stop=TEXT, most=MOST) == wanted


def test_each_row_ends_where_it_stops(lm):
    net = lively(lm)
    whole = write(net, prompts("prefix"), stop=TEXT, most=MOST)
    stop = whole[1][3]
    wanted = [own[: own.index(stop)] if stop in own else own for own in whole]
    assert write(net, prompts("prefix"), stop=stop, most=MOST) == wanted
    assert len(wanted[1]) <= 3


@pytest.mark.parametrize("most", [1, 3])
def test_it_writes_no_more_than_it_may(lm, most):
    net = lively(lm)
    whole = write(net, prompts("prefix"), stop=TEXT, most=MOST)
    assert write(net, prompts("prefix"), stop=TEXT, most=most) == [own[:most] for own in whole]


def test_nothing_is_written_where_it_stops_at_once(lm):
    net = lively(lm)
    (first, *_), *_ = write(net, packed([row(0.6, None)]), stop=TEXT, most=1)
    assert write(net, packed([row(0.6, None)]), stop=first) == [[]]
