"""`openai/gpt-image-2` on fal, with its edit endpoint.

Limits and prices read from fal's model page and OpenAI's calculator in 2026. Output tokens cost
30 USD per million, prompt tokens 5, tokens of input pictures 8. The formula reproduces every cell
that fal publishes for the text endpoint. A billable unit is a dollar.
"""

from dataclasses import replace
from enum import StrEnum

from bot.core.models.model import Fields, Model
from bot.core.models.options import Format, Size
from bot.core.models.prices import InputTokens, OutputTokens, Price, PromptTokens
from bot.core.models.sizes import AnySize


class Quality(StrEnum):
    """How much work the model puts into a picture."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


SIZES = AnySize(
    side_step_px=16,
    side_max_px=3840,
    ratio_max=3,
    area_min_px=655_360,
    area_max_px=8_294_400,
)

NAMED_SIZES = {
    "Square": Size(1024, 1024),
    "Landscape": Size(1536, 1024),
    "Portrait": Size(1024, 1536),
    "Standard": Size(1024, 768),
    "Square 2K": Size(2048, 2048),
    "Wide": Size(2048, 1152),
    "Tall": Size(1152, 2048),
    "Wide 4K": Size(3840, 2160),
    "Tall 4K": Size(2160, 3840),
}

PRICED_SIZES = (
    Size(1024, 768),
    Size(1024, 1024),
    Size(1024, 1536),
    Size(1920, 1080),
    Size(2560, 1440),
    Size(3840, 2160),
)
"""fal's own table. 1920x1080 has a price there though the model's rules forbid it."""

OUTPUT = OutputTokens({"low": 16, "medium": 48, "high": 96}, token_microusd=30)
PROMPT = PromptTokens(token_microusd=5)
INPUTS = InputTokens(token_microusd=8)

GPT_IMAGE_2_EDIT = Model(
    id="openai/gpt-image-2/edit",
    aliases=("fal-ai/gpt-image-2/edit",),
    sizes=SIZES,
    named_sizes=NAMED_SIZES,
    priced_sizes=PRICED_SIZES,
    qualities=tuple(quality.value for quality in Quality),
    count_max=4,
    formats=tuple(Format),
    inputs_max=16,
    price=Price(picture=(OUTPUT, INPUTS), prompt=(PROMPT,)),
    fields=Fields(inputs="image_urls"),
)

GPT_IMAGE_2 = replace(
    GPT_IMAGE_2_EDIT,
    id="openai/gpt-image-2",
    aliases=("fal-ai/gpt-image-2",),
    edit=GPT_IMAGE_2_EDIT.id,
    inputs_max=0,
    price=Price(picture=(OUTPUT,), prompt=(PROMPT,)),
    fields=Fields(),
)
