"""The recipes of this room, and the cards of what they make."""

import pytest

from espressivo.errors import ConfigError
from espressivo.systems.prosody2vec import task as room
from espressivo.systems.prosody2vec.card import card
from espressivo.systems.prosody2vec.model import Prosody2Vec
from espressivo.systems.prosody2vec.recipe import ProsodyRecipe
from espressivo.training import read_recipe
from tests.systems.prosody2vec.making import debug, lively


@pytest.mark.parametrize("path", sorted(room.RECIPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_recipe_is_valid(path):
    recipe = read_recipe(ProsodyRecipe, path)
    config = Prosody2Vec(recipe.config).config
    assert (config.name, config.licence, config.emotions) == (recipe.name, recipe.licence, ())
    assert all(
        getattr(config, name) == getattr(recipe, name) for name in ("style", "levels", "width", "hearing", "heard")
    )


def test_what_no_recipe_has_is_refused_and_named():
    with pytest.raises(ConfigError, match="did you mean 'width'"):
        debug(widht=3)
    for wrong in ({"levels": 1}, {"felt": 1.5}, {"hide_words": -1.0}, {"labels": "calm"}):
        with pytest.raises(ConfigError, match=next(iter(wrong))):
            debug(**wrong)
    assert debug(labels="{calm: neutral}").labels == {"calm": "neutral"}


def test_a_card_says_where_it_comes_from():
    text = card(lively().config, 2.345, 12)
    assert text.startswith("# made\n")
    assert "2.3 h of speech of 12 voices" in text
    assert "**Licence** CC0" in text
    assert "synthetic" in text
