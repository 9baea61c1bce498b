"""Checks the input of a model that is described by its value alone, without fal's own defaults.

The bot always names everything that a model lets it choose, so what is missing is refused here: fal
would take a default, which may be the dear one.
"""

from collections.abc import Mapping
from typing import cast

from bot.core.errors import IllegalSize
from bot.core.models.model import Model, SizeForm
from bot.core.models.options import Format, Size, typed_size
from standins.fal.inputs import JsonObject, Wanted, problem


def unknown_in(model: Model, sent: Mapping[str, object]) -> list[str]:
    """Name the fields that a model does not have."""
    fields = model.fields
    known = {fields.prompt, fields.size, fields.quality, fields.count, fields.format, fields.inputs}
    return sorted(set(sent) - known - set(fields.constants))


def read_other(model: Model, sent: Mapping[str, object]) -> tuple[Wanted | None, list[object]]:
    """Check an input; see `standins.fal.inputs.read_input`."""
    fields = model.fields
    errors: list[object] = []

    def field(name: str | None, allowed: Mapping[object, object], otherwise: object) -> object:
        if name is None:
            return otherwise
        value = sent.get(name)
        if not isinstance(value, str | int) or value not in allowed:
            errors.append(problem(name, "literal_error", "Input is not possible", value=value))
            return otherwise
        return allowed[value]

    prompt = sent.get(fields.prompt)
    if not isinstance(prompt, str) or not prompt:
        errors.append(problem(fields.prompt, "missing", "Field required", value=prompt))
    qualities = {fields.qualities.get(one, one): one for one in model.qualities}
    quality = field(fields.quality, {**qualities}, model.best_quality)
    count = field(fields.count, {n: n for n in range(1, model.count_max + 1)}, 1)
    formats = field(fields.format, {one.value: one for one in model.formats}, model.formats[0])
    size = _size(model, sent)
    if size is None:
        errors.append(problem(fields.size or "", "value_error", "Size is not possible"))
    errors += _constants_missing(model, sent)
    errors += _inputs_missing(model, sent)
    if errors or size is None:
        return None, errors
    return Wanted(
        prompt=str(prompt),
        size=size,
        quality=str(quality),
        count=cast("int", count),
        format=cast("Format", formats),
        is_inline=False,
        model=model,
    ), []


def _constants_missing(model: Model, sent: Mapping[str, object]) -> list[JsonObject]:
    return [
        problem(name, "literal_error", "Input is not possible")
        for name, value in model.fields.constants.items()
        if sent.get(name) != value
    ]


def _inputs_missing(model: Model, sent: Mapping[str, object]) -> list[JsonObject]:
    """An edit endpoint needs pictures: a list of addresses."""
    name = model.fields.inputs
    if name is None:
        return []
    value = sent.get(name)
    urls = cast("list[object]", value) if isinstance(value, list) else []
    is_right = 1 <= len(urls) <= model.inputs_max and all(isinstance(url, str) for url in urls)
    return [] if is_right else [problem(name, "value_error", "Pictures are needed")]


def _size(model: Model, sent: Mapping[str, object]) -> Size | None:
    fields = model.fields
    if fields.size is None:
        return next(iter(model.named_sizes.values()))
    told = sent.get(fields.size)
    try:
        if fields.size_form is SizeForm.TEXT:
            size = typed_size(str(told))
        else:
            sides = cast("JsonObject", told)
            size = Size(int(str(sides["width"])), int(str(sides["height"])))
        model.check_size(size)
    except (IllegalSize, KeyError, TypeError, ValueError):
        return None
    return size
