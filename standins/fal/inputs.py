"""Checks a job's input as the model's runner does: after queueing, with a list of errors.

A field that the endpoint does not have is ignored, as fal's framework does by default: who
misspells `quality` gets the dear one. The stand-in notes it as a violation.

The fields and their ranges are those of fal's page for `openai/gpt-image-2`; the form of the
errors is that of fal's error page, which is Pydantic's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from bot.core.models.gpt_image_2 import GPT_IMAGE_2, GPT_IMAGE_2_EDIT, SIZES, Quality
from bot.core.models.model import Model
from bot.core.models.options import Format, Size

JsonObject = dict[str, object]

PRESETS = {
    "square_hd": Size(1024, 1024),
    "square": Size(512, 512),
    "portrait_4_3": Size(768, 1024),
    "portrait_16_9": Size(576, 1024),
    "landscape_4_3": Size(1024, 768),
    "landscape_16_9": Size(1024, 576),
    "auto": Size(1024, 1024),
}
"""fal's names for sizes. Three of them break the model's own rule for the smallest area."""

_FIELDS = frozenset({"prompt", "image_size", "quality", "num_images", "output_format", "sync_mode"})
_EDIT_FIELDS = _FIELDS | {"image_urls", "mask_url"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a legal input asks for."""

    prompt: str
    size: Size
    quality: str
    count: int
    format: Format
    is_inline: bool
    """`sync_mode`: the pictures come as data URIs inside the answer."""
    is_auto: bool = False
    """The model chooses the size, here by the first input picture."""
    model: Model = GPT_IMAGE_2


def problem(
    field: str,
    kind: str,
    message: str,
    *,
    value: object = None,
    ctx: Mapping[str, object] | None = None,
    where: tuple[str | int, ...] = (),
) -> JsonObject:
    """Write one entry of a 422 list."""
    entry: JsonObject = {
        "loc": ["body", field, *where],
        "msg": message,
        "type": kind,
        "url": f"https://docs.fal.ai/errors#{kind}",
        "input": value,
    }
    if ctx is not None:
        entry["ctx"] = dict(ctx)
    return entry


def unknown_fields(sent: Mapping[str, object], *, is_edit: bool) -> list[str]:
    """Name the fields that the endpoint does not have."""
    strange = sorted(set(sent) - (_EDIT_FIELDS if is_edit else _FIELDS))
    size = sent.get("image_size")
    if isinstance(size, dict):
        sides = cast("JsonObject", size)
        strange += [f"image_size.{name}" for name in sorted(set(sides) - {"width", "height"})]
    return strange


def read_input(sent: Mapping[str, object], *, is_edit: bool) -> tuple[Wanted | None, list[object]]:
    """Check an input.

    Returns:
        What it asks for and no errors, or None and the entries of the 422 list.
    """
    errors: list[object] = []
    prompt = sent.get("prompt")
    if "prompt" not in sent:
        errors.append(problem("prompt", "missing", "Field required", value=dict(sent)))
    elif not isinstance(prompt, str):
        message = "Input should be a valid string"
        errors.append(problem("prompt", "string_type", message, value=prompt))
    if is_edit:
        errors += _image_url_errors(sent)
    named = sent.get("image_size", "auto" if is_edit else "landscape_4_3")
    size = _read_size(named, errors)
    quality = _read_choice(sent, "quality", [*Quality, "auto"], Quality.HIGH, errors)
    picture_format = _read_choice(sent, "output_format", [*Format], Format.PNG, errors)
    count = _read_count(sent.get("num_images", 1), errors)
    is_inline = sent.get("sync_mode", False)
    if not isinstance(is_inline, bool):
        message = "Input should be a valid boolean"
        errors.append(problem("sync_mode", "bool_type", message, value=is_inline))
    if errors or size is None:
        return None, errors
    wanted = Wanted(
        prompt=str(prompt),
        size=size,
        quality=Quality.HIGH if quality == "auto" else Quality(quality),
        count=count,
        format=Format(picture_format),
        is_inline=bool(is_inline),
        is_auto=named == "auto",
        model=GPT_IMAGE_2_EDIT if is_edit else GPT_IMAGE_2,
    )
    return wanted, []


def _image_url_errors(sent: Mapping[str, object]) -> list[object]:
    urls = sent.get("image_urls")
    if urls is None:
        return [problem("image_urls", "missing", "Field required", value=dict(sent))]
    if not isinstance(urls, list):
        return [problem("image_urls", "list_type", "Input should be a valid list", value=urls)]
    number = len(cast("list[object]", urls))
    if number < 1:
        ctx = {"min_length": 1}
        return [problem("image_urls", "sequence_too_short", "Too few images", ctx=ctx)]
    if number > GPT_IMAGE_2_EDIT.inputs_max:
        ctx = {"max_length": GPT_IMAGE_2_EDIT.inputs_max}
        return [problem("image_urls", "sequence_too_long", "Too many images", ctx=ctx)]
    message = "Input should be a valid string"
    return [
        problem("image_urls", "string_type", message, value=url, where=(at,))
        for at, url in enumerate(cast("list[object]", urls))
        if not isinstance(url, str)
    ]


def _read_choice(
    sent: Mapping[str, object],
    field: str,
    choices: list[str],
    default: str,
    errors: list[object],
) -> str:
    value = sent.get(field, default)
    if isinstance(value, str) and value in choices:
        return value
    expected = ", ".join(f"'{choice}'" for choice in choices)
    message = f"Input should be one of {expected}"
    ctx = {"expected": expected}
    errors.append(problem(field, "one_of", message, value=value, ctx=ctx))
    return default


def _read_count(value: object, errors: list[object]) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        errors.append(
            problem("num_images", "int_type", "Input should be a valid integer", value=value)
        )
        return 1
    if value < 1:
        message = "Input should be greater than or equal to 1"
        errors.append(
            problem("num_images", "greater_than_equal", message, value=value, ctx={"ge": 1})
        )
    if value > GPT_IMAGE_2.count_max:
        message = f"Input should be less than or equal to {GPT_IMAGE_2.count_max}"
        errors.append(
            problem(
                "num_images",
                "less_than_equal",
                message,
                value=value,
                ctx={"le": GPT_IMAGE_2.count_max},
            )
        )
    return value


def _read_size(value: object, errors: list[object]) -> Size | None:
    if isinstance(value, str):
        if value in PRESETS:
            return _checked(PRESETS[value], value, errors)
        expected = ", ".join(f"'{name}'" for name in PRESETS)
        message = f"Input should be one of {expected} or an object of width and height"
        errors.append(problem("image_size", "one_of", message, value=value))
        return None
    if not isinstance(value, dict):
        message = "Input should be a name or an object of width and height"
        errors.append(problem("image_size", "dict_type", message, value=value))
        return None
    sides = cast("JsonObject", value)
    width, height = sides.get("width"), sides.get("height")
    for side, length in (("width", width), ("height", height)):
        if isinstance(length, bool) or not isinstance(length, int):
            message = "Input should be a valid integer"
            errors.append(problem("image_size", "int_type", message, value=length, where=(side,)))
    if not isinstance(width, int) or not isinstance(height, int):
        return None
    return _checked(Size(width, height), sides, errors)


def _checked(size: Size, value: object, errors: list[object]) -> Size | None:
    """Apply the model's rules for sizes, each with the error type that fal's page has for it."""
    found: list[object] = []
    for side, length in (("width", size.width), ("height", size.height)):
        where = (side,)
        if length % SIZES.side_step_px:
            message = f"Input should be a multiple of {SIZES.side_step_px}"
            ctx = {"multiple_of": SIZES.side_step_px}
            found.append(
                problem("image_size", "multiple_of", message, value=length, ctx=ctx, where=where)
            )
        if length > SIZES.side_max_px:
            message = f"Input should be less than or equal to {SIZES.side_max_px}"
            ctx = {"le": SIZES.side_max_px}
            found.append(
                problem(
                    "image_size", "less_than_equal", message, value=length, ctx=ctx, where=where
                )
            )
    area = size.width * size.height
    short, long = sorted((size.width, size.height))
    if short < 1 or area < SIZES.area_min_px:
        message = f"The image has {area} pixels, at least {SIZES.area_min_px} are needed"
        found.append(problem("image_size", "image_too_small", message, value=value))
    elif area > SIZES.area_max_px:
        message = f"The image has {area} pixels, at most {SIZES.area_max_px} are possible"
        found.append(problem("image_size", "image_too_large", message, value=value))
    if short > 0 and long > SIZES.ratio_max * short:
        message = f"The ratio of the sides may be at most {SIZES.ratio_max}:1"
        found.append(problem("image_size", "value_error", message, value=value))
    errors += found
    return None if found else size
