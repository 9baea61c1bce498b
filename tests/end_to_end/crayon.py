"""An imaginary model in one file; `tests.end_to_end.crayon_bot` is a bot that knows it.

It shares nothing with `openai/gpt-image-2`: other sizes, written as text, other qualities under
another name, another count and format, a flat price in units of 4 cents, and a constant field.
"""

from bot.core.models.model import Fields, Model, SizeForm
from bot.core.models.options import Format, Size
from bot.core.models.prices import ByQuality, Flat, Price
from bot.core.models.sizes import FewSizes

CRAYON = Model(
    id="acme/crayon/v2/wax",
    sizes=FewSizes((Size(512, 512), Size(768, 512))),
    named_sizes={"Square": Size(512, 512), "Wide": Size(768, 512)},
    qualities=("draft", "final"),
    count_max=2,
    formats=(Format.JPEG, Format.WEBP),
    price=Price(picture=(ByQuality({"draft": 40_000, "final": 80_000}),), request=(Flat(20_000),)),
    fields=Fields(
        size_form=SizeForm.TEXT,
        quality="rendering_speed",
        qualities={"draft": "TURBO", "final": "QUALITY"},
        count="n",
        constants={"enable_web_search": False},
    ),
    unit_microusd=40_000,
)
