"""The models that this bot knows, by the names of their endpoints."""

from bot.core.models.gpt_image_2 import GPT_IMAGE_2, GPT_IMAGE_2_EDIT
from bot.core.models.model import Model

DEFAULT = GPT_IMAGE_2

_known: dict[str, Model] = {}


def register(model: Model) -> None:
    """Make a model known under all its names."""
    for name in model.ids:
        _known[name] = model


def model_of(name: str) -> Model:
    """Find a model by any of its names.

    Raises:
        LookupError: There is none.
    """
    found = _known.get(name)
    if found is None:
        raise LookupError(f"no model is called {name!r}")
    return found


def text_models() -> tuple[str, ...]:
    """The names of all models that make pictures from a prompt alone."""
    return tuple(name for name, model in _known.items() if not model.inputs_max)


for _model in (GPT_IMAGE_2, GPT_IMAGE_2_EDIT):
    register(_model)
