"""A second model is one value in one file, from the command's choices to fal's bill."""

import io

from PIL import Image

from standins.fal.settings import StandInFalSettings
from tests.end_to_end.crayon import CRAYON
from tests.stage import staged

MODULE = "tests.end_to_end.crayon_bot"


def crayons(tmp_path, **settings):
    return staged(
        tmp_path,
        fal=StandInFalSettings(models=(CRAYON,)),
        module=MODULE,
        FAL_MODEL=CRAYON.id,
        DEFAULT_SIZE="Wide",
        DEFAULT_QUALITY="draft",
        **settings,
    )


def offered(stage):
    command = stage.discord.commands["imagine"]
    return {option["name"]: option for option in command["options"]}


async def test_a_model_in_one_file_makes_pictures_at_its_own_price(tmp_path):
    async with crayons(tmp_path) as stage:
        card = await stage.card(quality="final", count=2, format="webp")
        assert "up to $0.20 held" in card.edits[0].text
        await stage.discord.wait_for(lambda: len(card.gallery) == 2, 15)

        footer = card.text.splitlines()[-1]
        assert footer.startswith("-# 2 pictures · 768×512 · final · $0.18 · ")
        for picture in card.gallery:
            with Image.open(io.BytesIO(picture.data)) as image:
                assert (image.size, image.format) == ((768, 512), "WEBP")
        [job] = stage.fal.jobs
        assert job.endpoint == CRAYON.id
        assert job.input == {
            "prompt": "a lighthouse at dusk",
            "image_size": "768x512",
            "rendering_speed": "QUALITY",
            "n": 2,
            "output_format": "webp",
            "enable_web_search": False,
        }
        assert stage.fal.violations == []
        assert stage.fal.billed_microusd == 180_000
        [stored] = stage.stored("SELECT model, quality, cost_microusd FROM jobs")
        assert tuple(stored) == (CRAYON.id, "final", 180_000)
        await stage.bot.stop()
        stage.assert_books_are_right()


async def test_the_command_offers_what_the_model_has(tmp_path):
    async with crayons(tmp_path) as stage:
        options = offered(stage)
        assert [choice["value"] for choice in options["quality"]["choices"]] == ["draft", "final"]
        assert options["quality"]["choices"][1]["name"] == "Final · $0.08 a picture at 768×512"
        assert [choice["value"] for choice in options["format"]["choices"]] == ["jpeg", "webp"]
        assert options["count"]["max_value"] == 2

        refused = await stage.card(size="1024x1024")
        assert "the model makes 512×512 and 768×512 only" in refused.text
        assert stage.fal.jobs == []


async def test_a_default_that_the_model_does_not_have_is_named_at_the_start(tmp_path):
    async with crayons(tmp_path, starts_bot=False) as stage:
        stage.env["DEFAULT_QUALITY"] = "high"
        ended = stage.command_line("check")
        assert ended.returncode == 1
        assert "DEFAULT_QUALITY: must be draft or final" in ended.stderr
