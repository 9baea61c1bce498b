import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.core.errors import BadSettings
from bot.core.models.gpt_image_2 import Quality
from bot.core.models.options import Size
from bot.settings import LimitSettings, Settings, StorageSettings

ROOT = Path(__file__).resolve().parents[1]
TOKEN = "a-bot-token.of-some.length"
KEY = "key-id:key-secret"
GOOD = {"DISCORD_TOKEN": TOKEN, "FAL_KEY": KEY}


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
    assert str(refused.value) == "\n".join(refused.value.lines)
    return refused.value.lines


def test_two_secrets_are_enough(load):
    settings = load()

    assert settings.discord_token.get_secret_value() == TOKEN
    assert settings.fal_key.get_secret_value() == KEY
    assert settings.database_url == "sqlite:///data/bot.db"
    assert settings.discord_api_url == "https://discord.com/api/v10"
    assert settings.fal_queue_url == "https://queue.fal.run"
    assert settings.fal_model == "openai/gpt-image-2"
    assert settings.fal_media_hosts == ("*.fal.media",)
    assert (settings.http_host, settings.http_port) == ("127.0.0.1", 8080)
    assert settings.default_images_per_day == 10
    assert settings.default_size == Size(1024, 1024)
    assert settings.default_quality == "medium"


def test_what_is_optional_may_be_left_empty(load):
    names = (
        "FAL_ADMIN_KEY", "PUBLIC_URL", "DEFAULT_USD_PER_MONTH", "SERVER_USD_PER_MONTH",
        "BOT_USD_PER_DAY", "SHARD_COUNT", "SHARD_IDS",
    )  # fmt: skip
    settings = load(**dict.fromkeys(names, " "))

    assert [getattr(settings, name.lower()) for name in names] == [None] * len(names)


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("DEFAULT_USD_PER_MONTH", "5", 5_000_000),
        ("DEFAULT_USD_PER_MONTH", "$2.50", 2_500_000),
        ("DEFAULT_USD_PER_MONTH", "2,50", 2_500_000),
        ("SERVER_USD_PER_MONTH", "0", 0),
        ("BOT_USD_PER_DAY", " 0.0000001 ", 1),
        ("DEFAULT_SIZE", "wide 4k", Size(3840, 2160)),
        ("DEFAULT_SIZE", "1536 × 1024", Size(1536, 1024)),
        ("DEFAULT_QUALITY", "high", Quality.HIGH),
        ("FAL_MEDIA_HOSTS", "*.fal.media, cdn.example.org", ("*.fal.media", "cdn.example.org")),
        ("FAL_MODEL", "fal-ai/gpt-image-2", "fal-ai/gpt-image-2"),
        ("FAL_QUEUE_URL", "http://127.0.0.1:9000/", "http://127.0.0.1:9000"),
        ("DISCORD_API_URL", "http://[::1]:9000/api/v10", "http://[::1]:9000/api/v10"),
        ("FAL_API_URL", "http://localhost:1", "http://localhost:1"),
        ("DATABASE_URL", "postgresql://u:p@db/bot", "postgresql://u:p@db/bot"),
        ("DATABASE_URL", "postgres://u:p@db/bot", "postgres://u:p@db/bot"),
        ("DATABASE_URL", "sqlite:////var/bot.db", "sqlite:////var/bot.db"),
        ("HTTP_PORT", "0", 0),
        ("HTTP_PORT", "65535", 65_535),
        ("FAL_CONCURRENCY", "40", 40),
        ("SHARD_COUNT", "2", 2),
        ("LOG_LEVEL", "WARNING", "WARNING"),
        ("LOG_FORMAT", "text", "text"),
    ],
)
def test_values_are_read_as_a_host_types_them(load, name, typed, value):
    assert getattr(load(**{name: typed}), name.lower()) == value


BAD_ADDRESS = "must be an address such as https://example.org/path"
NOT_HTTPS = "must start with https:// (http:// only for this machine itself)"
BAD_KEY = "must be the whole key from fal's dashboard, in the form id:secret"
BAD_TOKEN = "must be the bot token from the Discord developer portal"
BAD_USD = "must be an amount of USD such as 25 or 2.50"
BAD_DATABASE = "must be sqlite:///path/to/file.db or postgresql://user:password@host/name"
BAD_HOSTS = "must be host names separated by commas, such as *.fal.media"
BAD_NUMBERS = "must be whole numbers separated by commas, such as 0,1"
BAD_LEVEL = "must be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"
NOT_POSSIBLE = (
    "1920×1080 is not possible: both sides must be multiples of 16; "
    "the nearest possible size is 1920×1088."
)


@pytest.mark.parametrize(
    ("name", "typed", "problem"),
    [
        ("DISCORD_TOKEN", "", BAD_TOKEN),
        ("DISCORD_TOKEN", "two words-S3CRET", BAD_TOKEN),
        ("FAL_KEY", "", BAD_KEY),
        ("FAL_KEY", "S3CRET", BAD_KEY),
        ("FAL_KEY", "S3CRET:", BAD_KEY),
        ("FAL_KEY", ":S3CRET", BAD_KEY),
        ("FAL_KEY", "id:S3CRET with space", BAD_KEY),
        ("FAL_ADMIN_KEY", "S3CRET", BAD_KEY),
        ("DISCORD_API_URL", "", BAD_ADDRESS),
        ("DISCORD_API_URL", "discord.com", BAD_ADDRESS),
        ("DISCORD_API_URL", "https://", BAD_ADDRESS),
        ("FAL_QUEUE_URL", "https://u:S3CRET@host/", BAD_ADDRESS),
        ("FAL_QUEUE_URL", "https://host/?key=S3CRET", BAD_ADDRESS),
        ("FAL_QUEUE_URL", "http://queue.fal.run", NOT_HTTPS),
        ("FAL_API_URL", "ftp://host", NOT_HTTPS),
        ("FAL_JWKS_URL", "http://10.0.0.1", NOT_HTTPS),
        ("PUBLIC_URL", "http://bot.example.org", NOT_HTTPS),
        ("FAL_MODEL", "dall-e-9", "must be one of openai/gpt-image-2, fal-ai/gpt-image-2"),
        ("FAL_CONCURRENCY", "0", "must be greater than or equal to 1"),
        ("FAL_CONCURRENCY", "many", "must be a valid integer"),
        ("FAL_MEDIA_HOSTS", "", BAD_HOSTS),
        ("FAL_MEDIA_HOSTS", "*", BAD_HOSTS),
        ("FAL_MEDIA_HOSTS", "fal.media,", BAD_HOSTS),
        ("FAL_MEDIA_HOSTS", "https://fal.media", BAD_HOSTS),
        ("FAL_MEDIA_HOSTS", "a*.fal.media", BAD_HOSTS),
        ("DATABASE_URL", "", BAD_DATABASE),
        ("DATABASE_URL", "sqlite:///", BAD_DATABASE),
        ("DATABASE_URL", "sqlite://bot.db", BAD_DATABASE),
        ("DATABASE_URL", "mysql://u:S3CRET@db/bot", BAD_DATABASE),
        ("DATA_DIR", "", "must not be empty"),
        ("DATA_DIR", "  ", "must not be empty"),
        ("BOT_USD_PER_DAY", "1,000", "must be an amount of USD such as 25 or 2.50"),
        ("FAL_QUEUE_URL", "https://[bad", "must be an address such as https://example.org/path"),
        ("FAL_QUEUE_URL", "https://h:99999", "must be an address such as https://example.org/path"),
        ("HTTP_HOST", "", "must not be empty"),
        ("HTTP_PORT", "-1", "must be greater than or equal to 0"),
        ("HTTP_PORT", "65536", "must be less than or equal to 65535"),
        ("HTTP_PORT", "8080.5", "must be a valid integer"),
        ("DEFAULT_IMAGES_PER_DAY", "-1", "must be greater than or equal to 0"),
        ("DEFAULT_IMAGES_PER_DAY", "", "must be a valid integer"),
        ("DEFAULT_USD_PER_MONTH", "free", BAD_USD),
        ("DEFAULT_USD_PER_MONTH", "-1", BAD_USD),
        ("SERVER_USD_PER_MONTH", "NaN", BAD_USD),
        ("BOT_USD_PER_DAY", "1e99", BAD_USD),
        ("BOT_USD_PER_DAY", "1.000,50", BAD_USD),
        ("DEFAULT_SIZE", "big", "a size is typed as width x height in pixels, like 1536x1024."),
        (
            "DEFAULT_SIZE",
            "1920x1080",
            NOT_POSSIBLE,
        ),
        ("DEFAULT_QUALITY", "best", "must be low, medium or high"),
        ("SHARD_COUNT", "0", "must be greater than or equal to 1"),
        ("SHARD_IDS", "0;1", BAD_NUMBERS),
        ("SHARD_IDS", "-1", BAD_NUMBERS),
        ("SHARD_IDS", "²", BAD_NUMBERS),
        ("LOG_LEVEL", "LOUD", BAD_LEVEL),
        ("LOG_FORMAT", "xml", "must be 'json' or 'text'"),
    ],
)
def test_a_bad_value_is_one_line_with_its_name_and_the_remedy(load, name, typed, problem):
    lines = problems(load, **{name: typed})

    assert lines == [f"{name}: {problem}"]
    assert "S3CRET" not in lines[0]


def test_each_problem_has_a_line_in_the_order_of_the_settings(load):
    lines = problems(load, LOG_LEVEL="LOUD", HTTP_PORT="x", FAL_KEY="S3CRET", DATABASE_URL="x")

    assert [line.split(":")[0] for line in lines] == [
        "DATABASE_URL", "FAL_KEY", "HTTP_PORT", "LOG_LEVEL",
    ]  # fmt: skip


def test_what_is_missing_is_named_with_what_it_is(clean_place):
    with pytest.raises(BadSettings) as refused:
        Settings.load()

    assert refused.value.lines == [
        "DISCORD_TOKEN: is missing; set it to: bot token",
        "FAL_KEY: is missing; set it to: fal key (id:secret)",
    ]


def test_storage_alone_needs_no_secret(clean_place, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "sqlite:///other.db")
    monkeypatch.setenv("FAL_KEY", "nonsense")

    assert StorageSettings.load().database_url == "sqlite:///other.db"


def test_the_host_s_limits_need_no_secret_and_are_the_bot_s(clean_place, monkeypatch, load):
    monkeypatch.setenv("BOT_USD_PER_DAY", "2.50")
    monkeypatch.setenv("FAL_KEY", "nonsense")

    limits = LimitSettings.load().host_limits()

    assert (limits.default_images_per_day, limits.bot_usd_per_day_microusd) == (10, 2_500_000)
    assert limits == load().host_limits()


@pytest.mark.parametrize(
    ("count", "ids", "problem"),
    [
        ("", "0", "SHARD_COUNT: is missing, but SHARD_IDS needs it"),
        ("2", "2", "SHARD_IDS: must be below SHARD_COUNT, which is 2"),
        ("2", "0,5", "SHARD_IDS: must be below SHARD_COUNT, which is 2"),
    ],
)
def test_shards_must_fit_together(load, count, ids, problem):
    assert problems(load, SHARD_COUNT=count, SHARD_IDS=ids) == [problem]


def test_shards_that_fit_are_taken(load):
    settings = load(SHARD_COUNT="4", SHARD_IDS=" 0, 3 ")
    assert (settings.shard_count, settings.shard_ids) == (4, (0, 3))
    assert load(SHARD_COUNT="4", SHARD_IDS="").shard_ids is None


def test_a_secret_is_shown_nowhere(load):
    settings = load(
        DISCORD_TOKEN="S3CRET-token",
        FAL_KEY="id:S3CRET",
        FAL_ADMIN_KEY="id:S3CRET",
        DATABASE_URL="postgresql://u:S3CRET@db/bot",
    )

    for shown in (repr(settings), str(settings), f"{settings}"):
        assert "S3CRET" not in shown


def test_a_setting_cannot_be_changed(load):
    with pytest.raises(ValueError, match="frozen"):
        load().log_level = "DEBUG"


def test_the_environment_is_stronger_than_the_file(clean_place, load):
    (clean_place / ".env").write_text(
        '# a comment\nHTTP_PORT=1111\nDATA_DIR="from file"\nexport LOG_LEVEL=DEBUG\nUNKNOWN=1\n'
    )

    settings = load(HTTP_PORT="2222")

    assert settings.http_port == 2222
    assert settings.data_dir == "from file"
    assert settings.log_level == "DEBUG"


def test_the_file_alone_is_enough(clean_place):
    (clean_place / ".env").write_text(f"DISCORD_TOKEN={TOKEN}\nFAL_KEY={KEY}\nDATA_DIR=größe\n")
    assert Settings.load().data_dir == "größe"


def test_a_file_that_is_no_text_is_one_line(clean_place):
    (clean_place / ".env").write_bytes(b"DATA_DIR=\xff\xfe\x00\n")

    with pytest.raises(BadSettings) as refused:
        Settings.load()

    assert refused.value.lines == [".env: it cannot be read as NAME=value lines in UTF-8"]


def test_the_file_can_be_left_out(clean_place, load):
    (clean_place / ".env").write_text("HTTP_PORT=1111\n")
    load()
    assert Settings.load(env_file=None).http_port == 8080


def start(folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot", "run"],
        cwd=folder, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **env},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_a_start_with_bad_settings_ends_at_once_with_a_line_for_each(tmp_path):
    ended = start(tmp_path, FAL_KEY="S3CRET", HTTP_PORT="70000")

    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.splitlines() == [
        "DISCORD_TOKEN: is missing; set it to: bot token",
        f"FAL_KEY: {BAD_KEY}",
        "HTTP_PORT: must be less than or equal to 65535",
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_slip_in_a_name_is_a_problem_and_other_programs_names_are_none(load, clean_place):
    (clean_place / ".env").write_text("export BOT_USD_PER_DAYS=5\nPOSTGRES_PASSWORD=x\n")

    assert problems(load, SERVER_USD_PERMONTH="3", FAL_KEY_ID="x", HTTP_PROXY="x") == [
        "BOT_USD_PER_DAYS: is no setting; BOT_USD_PER_DAY is meant",
        "SERVER_USD_PERMONTH: is no setting; SERVER_USD_PER_MONTH is meant",
    ]
