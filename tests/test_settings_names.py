"""Names that read like a cap, quotes that docker leaves, and how long pictures wait."""

import os
from pathlib import Path

import pytest

from bot.core.errors import BadSettings
from bot.core.models.gpt_image_2 import Quality
from bot.settings import Settings

TOKEN = "a-bot-token.of-some.length"
GOOD = {"DISCORD_TOKEN": TOKEN, "FAL_KEY": "id:secret"}


@pytest.fixture(autouse=True)
def clean_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder and an environment without any setting."""
    monkeypatch.chdir(tmp_path)
    for name in [*os.environ]:
        if name.lower() in Settings.model_fields:
            monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch):
    def load_with(**env: str) -> Settings:
        for name, value in {**GOOD, **env}.items():
            monkeypatch.setenv(name, value)
        return Settings.load()

    return load_with


def problems(load, **env: str) -> list[str]:
    with pytest.raises(BadSettings) as refused:
        load(**env)
    return refused.value.lines


NOT_CAPS = [
    ("BOT_USD_PER_MONTH", "BOT_USD_PER_DAY"),
    ("SERVER_USD_PER_DAY", "SERVER_USD_PER_MONTH"),
    ("DEFAULT_USD_PER_DAY", "DEFAULT_USD_PER_MONTH"),
    ("DEFAULT_USD_PER_WEEK", "DEFAULT_USD_PER_MONTH"),
    ("DEFAULT_IMAGES_PER_MONTH", "DEFAULT_IMAGES_PER_DAY"),
    ("BOT_IMAGES_PER_DAY", "BOT_USD_PER_DAY"),
    ("BOT_BUDGET_USD", "BOT_USD_PER_DAY"),
    ("DAILY_USD", "BOT_USD_PER_DAY"),
    ("USD_PER_DAY", "BOT_USD_PER_DAY"),
    ("SERVER_USD", "SERVER_USD_PER_MONTH"),
    ("SERVER_USD_MONTH", "SERVER_USD_PER_MONTH"),
    ("GUILD_USD_MONTHLY", "SERVER_USD_PER_MONTH"),
    ("MEMBER_IMAGES_DAY", "DEFAULT_IMAGES_PER_DAY"),
    ("MY_BOT_USD_PER_YEAR", "BOT_USD_PER_DAY"),
    ("member_usd_per_month", "DEFAULT_USD_PER_MONTH"),
]


@pytest.mark.parametrize("place", ["file", "environment"])
@pytest.mark.parametrize(("name", "nearest"), NOT_CAPS)
def test_a_name_that_reads_like_a_cap_stops_the_start(clean_place, load, name, nearest, place):
    given = {name: "5"} if place == "environment" else {}
    if place == "file":
        (clean_place / ".env").write_text(f"{name}=5\n")

    [line] = problems(load, **given)

    assert line.startswith(
        f"{name}: is no setting and would cap nothing; the nearest is {nearest} ("
    )


@pytest.mark.parametrize("name", ["BOT-USD-PER-MONTH", "MAX_USD", "PRICE_PER_PICTURE"])
def test_the_file_is_ours_so_every_such_name_in_it_is_refused(clean_place, load, name):
    (clean_place / ".env").write_text(f"{name}=5\n")

    [line] = problems(load)
    assert line.startswith(f"{name}: is no setting and would cap nothing; ")


@pytest.mark.parametrize(
    "name",
    ["ITEMS_PER_PAGE", "DEFAULT_ITEMS_PER_PAGE", "DOCKER_IMAGES_DIR", "ELECTRICITY_USD_PER_MONTH",
     "SERVER_REQUESTS_PER_MINUTE", "POSTGRES_IMAGE", "MAX_CONNECTIONS_PER_IP", "SUPERVISOR"],
)  # fmt: skip
def test_other_programs_names_in_the_environment_are_left_alone(load, name):
    assert load(**{name: "5"}).bot_usd_per_day is None


@pytest.mark.parametrize("mark", ['"', "'"])
def test_quotes_that_docker_leaves_around_a_value_are_taken_off(load, mark):
    def quoted(text: str) -> str:
        return f"{mark}{text}{mark}"

    settings = load(
        BOT_USD_PER_DAY=quoted("2.50"),
        FAL_KEY=quoted("id:secret"),
        DISCORD_TOKEN=quoted(TOKEN),
        DATABASE_URL=quoted("sqlite:////data/bot.db"),
        DATA_DIR=quoted("/data"),
        HTTP_PORT=quoted("81"),
        FAL_MEDIA_HOSTS=quoted("*.fal.media, cdn.example.org"),
        DEFAULT_QUALITY=quoted("high"),
        SHARD_IDS=quoted(""),
    )

    assert settings.bot_usd_per_day == 2_500_000
    assert settings.fal_key.get_secret_value() == "id:secret"
    assert settings.discord_token.get_secret_value() == TOKEN
    assert settings.database_url == "sqlite:////data/bot.db"
    assert (settings.data_dir, settings.http_port) == ("/data", 81)
    assert settings.fal_media_hosts == ("*.fal.media", "cdn.example.org")
    assert (settings.default_quality, settings.shard_ids) == (Quality.HIGH, None)


@pytest.mark.parametrize("value", ['"S3CRET', 'S3CRET"', '"'])
def test_a_quote_at_one_end_is_refused_by_name(load, value):
    assert problems(load, DATA_DIR=value, FAL_KEY=value) == [
        "DATA_DIR: has a quotation mark at one end only; take it off",
        "FAL_KEY: has a quotation mark at one end only; take it off",
    ]


@pytest.mark.parametrize(("typed", "days"), [("1", 1), ("365", 365)])
def test_pictures_wait_for_as_long_as_the_host_says(load, typed, days):
    assert load().undelivered_days == 7
    assert load(UNDELIVERED_DAYS=typed).undelivered_days == days


@pytest.mark.parametrize("typed", ["0", "366", "a week"])
def test_pictures_cannot_wait_for_ever(load, typed):
    [line] = problems(load, UNDELIVERED_DAYS=typed)
    assert line.startswith("UNDELIVERED_DAYS: must be ")
