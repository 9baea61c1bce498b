"""The settings: one frozen class, read from the environment and `.env`, never built at import.

Every problem becomes one line with the setting's name, what is wrong and what would be right. A
secret's value is in none of them. The table in `docs/operating.md` and `.env.example` are made
from this.
"""

import difflib
import os
import re
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from bot.core.cap_names import is_cap, is_of_our_words, nearest_cap
from bot.core.errors import BadSettings, IllegalSize
from bot.core.models.model import Model
from bot.core.models.options import Size
from bot.core.models.registry import DEFAULT, model_of, text_models
from bot.core.money import format_usd, microusd_from_decimal
from bot.core.preferences import Defaults
from bot.services.limits.allowance import HostLimits
from bot.texts.refusals import sentence
from bot.texts.writing import PLAIN


def _none_if_empty(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _usd(value: object) -> object:
    if value is None or isinstance(value, int):
        return value
    text = str(value).strip().removeprefix("$")
    amount = microusd_from_decimal(text.replace(",", "."))
    if amount is None or re.search(r",\d{3}", text):
        raise ValueError("must be an amount of USD such as 25 or 2.50")
    return amount


def _model(info: ValidationInfo) -> Model:
    """The model that was chosen; the default where that choice is wrong, which is told anyway."""
    return model_of(info.data.get("fal_model", DEFAULT.id))


def _model_name(value: str) -> str:
    known = text_models()
    if value not in known:
        raise ValueError(f"must be one of {', '.join(known)}")
    return value


def _size(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str):
        return value
    try:
        return _model(info).parse_size(value)
    except IllegalSize as error:
        raise ValueError(sentence(error, PLAIN)) from None


def _quality(value: str, info: ValidationInfo) -> str:
    known = _model(info).qualities
    if known and value not in known:
        raise ValueError(f"must be {', '.join(known[:-1])} or {known[-1]}")
    return value


def _numbers(value: object) -> object:
    if not isinstance(value, str):
        return value
    parts = [part.strip() for part in value.split(",") if part.strip()]
    if not all(part.isascii() and part.isdigit() for part in parts) or len(set(parts)) < len(parts):
        raise ValueError("must be whole numbers separated by commas, such as 0,1")
    return tuple(int(part) for part in parts) or None


def _words(value: object) -> object:
    return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _web_address(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_port_good = parts.port is None or parts.port > 0
    except ValueError:
        raise ValueError("must be an address such as https://example.org/path") from None
    host = parts.hostname or ""
    if not host or not is_port_good or parts.username or parts.query or parts.fragment:
        raise ValueError("must be an address such as https://example.org/path")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise ValueError("must start with https:// (http:// only for this machine itself)")
    return value.rstrip("/")


def _database_address(value: str) -> str:
    sqlite = value.startswith("sqlite:///") and value != "sqlite:///"
    if not sqlite and not re.match(r"postgres(ql)?://[^/]|postgres(ql)?:///.*[?&]host=", value):
        raise ValueError(
            "must be sqlite:///path/to/file.db or postgresql://user:password@host/name"
        )
    return value


def _fal_key(value: SecretStr) -> SecretStr:
    text = value.get_secret_value().strip()
    key_id, _, secret = text.partition(":")
    if not key_id or not secret or not text.isascii() or any(c.isspace() for c in text):
        raise ValueError("must be the whole key from fal's dashboard, in the form id:secret")
    return SecretStr(text)


def _token(value: SecretStr) -> SecretStr:
    text = value.get_secret_value().strip()
    if not text or not text.isascii() or any(c.isspace() for c in text):
        raise ValueError("must be the bot token from the Discord developer portal")
    return SecretStr(text)


def _media_hosts(value: tuple[str, ...]) -> tuple[str, ...]:
    for host in value:
        bare = host.removeprefix("*.")
        if not re.fullmatch(r"[A-Za-z0-9.\-\[\]:]+", bare):
            raise ValueError("must be host names separated by commas, such as *.fal.media")
    return value


Secret = Annotated[SecretStr, AfterValidator(_fal_key)]


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value.strip()


Text = Annotated[str, AfterValidator(_text)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Usd = Annotated[int | None, BeforeValidator(_usd), BeforeValidator(_none_if_empty)]


_QUOTES = ('"', "'")


class StorageSettings(BaseSettings):
    """The part that is enough to read what is stored."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
        enable_decoding=False,
    )

    database_url: Annotated[str, AfterValidator(_database_address)] = Field(
        "sqlite:///data/bot.db", description="SQLite file, or postgresql://…", repr=False
    )
    data_dir: Text = Field(
        "data", description="Pictures waiting for pick-up, and which database is this bot's"
    )
    undelivered_days: int = Field(
        7, ge=1, le=365, description="Days that pictures wait there for pick-up"
    )

    @field_validator("*", mode="before")
    @classmethod
    def _without_quotes(cls, value: object) -> object:
        """Take quotes off that `docker --env-file` leaves around a value."""
        text = value.strip() if isinstance(value, str) else ""
        if not text.startswith(_QUOTES) and not text.endswith(_QUOTES):
            return value
        if len(text) < 2 or text[0] != text[-1]:
            raise ValueError("has a quotation mark at one end only; take it off")
        return text[1:-1]

    @classmethod
    def load(cls, env_file: str | None = ".env") -> Self:
        """Read the settings from the environment and, below it, from a file.

        Args:
            env_file: Lines of NAME=value; a file that does not exist is no problem.

        Raises:
            BadSettings: With one line for each problem.
        """
        try:
            return cls(_env_file=env_file)  # pyright: ignore[reportCallIssue]
        except ValidationError as error:
            raise BadSettings([_line(problem) for problem in error.errors()]) from None
        except (SettingsError, UnicodeDecodeError, OSError):
            raise BadSettings([".env: it cannot be read as NAME=value lines in UTF-8"]) from None


class LimitSettings(StorageSettings):
    """The part that is enough to tell what may be used; no secret is in it."""

    default_images_per_day: int = Field(
        10, ge=0, le=1_000_000, description="A member's pictures per day where no rule says else"
    )
    default_usd_per_month: Usd = Field(None, description="The same in USD per month")
    server_usd_per_month: Usd = Field(None, description="Cap for each server")
    bot_usd_per_day: Usd = Field(None, description="Cap for the whole bot, per UTC day")

    def host_limits(self) -> HostLimits:
        """The limits that the host sets for every server."""
        return HostLimits(
            default_images_per_day=self.default_images_per_day,
            default_usd_per_month_microusd=self.default_usd_per_month,
            server_usd_per_month_microusd=self.server_usd_per_month,
            bot_usd_per_day_microusd=self.bot_usd_per_day,
        )

    def shown_caps(self) -> dict[str, str]:
        """What holds, by the names of the settings, as the log shows it."""
        usd = ("default_usd_per_month", "server_usd_per_month", "bot_usd_per_day")
        amounts: dict[str, int | None] = {name: getattr(self, name) for name in usd}
        return {
            "DEFAULT_IMAGES_PER_DAY": str(self.default_images_per_day),
            **{
                name.upper(): "none" if amount is None else format_usd(amount)
                for name, amount in amounts.items()
            },
        }


class Settings(LimitSettings):
    """Everything a host can set. Amounts of USD are typed in dollars and kept in micro-dollars."""

    discord_token: Annotated[SecretStr, AfterValidator(_token)] = Field(description="Bot token")
    discord_api_url: WebAddress = Field(
        "https://discord.com/api/v10", description="Discord's API, or a local stand-in's"
    )
    fal_key: Secret = Field(description="fal key (id:secret)")
    fal_admin_key: Annotated[Secret | None, BeforeValidator(_none_if_empty)] = Field(
        None, description="fal admin key, to read the request history where the normal key may not"
    )
    fal_queue_url: WebAddress = Field("https://queue.fal.run", description="fal's queue")
    fal_api_url: WebAddress = Field("https://api.fal.ai/v1", description="fal's platform API")
    fal_jwks_url: WebAddress = Field(
        "https://rest.fal.ai/.well-known/jwks.json", description="Keys of fal's webhooks"
    )
    fal_model: Annotated[str, AfterValidator(_model_name)] = Field(
        DEFAULT.id, description="Model; `fal-ai/gpt-image-2` is an older alias"
    )
    fal_concurrency: int = Field(
        4, ge=1, le=1000, description="Jobs at fal at once (a new account runs 2, the most is 40)"
    )
    fal_media_hosts: Annotated[
        tuple[str, ...], BeforeValidator(_words), AfterValidator(_media_hosts)
    ] = Field(("*.fal.media",), description="Hosts that pictures may be fetched from")
    http_host: Text = Field("127.0.0.1", description="Where health is served")
    http_port: int = Field(8080, ge=0, le=65535, description="Port of the above; 0 takes any")
    public_url: Annotated[WebAddress | None, BeforeValidator(_none_if_empty)] = Field(
        None, description="Not used yet: address at which fal may call back"
    )
    default_size: Annotated[Size, BeforeValidator(_size)] = Field(
        Size(1024, 1024), description="Where /imagine names no size"
    )
    default_quality: Annotated[str, AfterValidator(_quality)] = Field(
        "medium", description="Where /imagine names no quality: low, medium or high"
    )
    shard_count: Annotated[Annotated[int, Field(ge=1)] | None, BeforeValidator(_none_if_empty)] = (
        Field(None, description="Shards over all processes; empty lets Discord say")
    )
    shard_ids: Annotated[
        tuple[int, ...] | None,
        BeforeValidator(_numbers),
        BeforeValidator(_none_if_empty),
    ] = Field(None, description="This process's shards, such as 0,1; empty takes all")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="DEBUG, INFO, WARNING or ERROR"
    )
    log_format: Literal["json", "text"] = Field("json", description="json or text")

    @property
    def defaults(self) -> Defaults:
        """The model, and what is made where nobody says anything."""
        model = model_of(self.fal_model)
        alias = None if self.fal_model == model.id else self.fal_model
        known = Defaults(DEFAULT, self.default_size, self.default_quality).of(model)
        return replace(known, alias=alias)

    @classmethod
    def load(cls, env_file: str | None = ".env") -> Self:
        """Read all settings; see the parent."""
        misspelt = _misspelt_names(env_file)
        try:
            settings = super().load(env_file)
        except BadSettings as error:
            raise BadSettings([*error.lines, *misspelt]) from None
        problem = _shard_problem(settings)
        if problem or misspelt:
            raise BadSettings([*([problem] if problem else []), *misspelt])
        return settings


_NAME = re.compile(r"^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=", re.MULTILINE)
_LIKENESS_MIN = 0.9
"""So alike are `BOT_USD_PER_DAYS` and the right name, but not fal's own `FAL_KEY_ID` and ours."""


def _misspelt_names(env_file: str | None) -> list[str]:
    """Name what was surely meant as a setting: a cap with a slip in its name would cap nothing.

    In the file, which is ours, every name that reads like a cap is refused. The environment is
    shared with other programs, so there it must be made of our words.
    """
    try:
        text = Path(env_file).read_text("utf-8") if env_file else ""
    except (OSError, UnicodeDecodeError):
        text = ""
    in_file = dict.fromkeys(_NAME.findall(text))
    known = {name.upper(): field.description or "" for name, field in Settings.model_fields.items()}
    lines: list[str] = []
    for name in (*in_file, *(name for name in os.environ if name not in in_file)):
        plain = re.sub(r"[.-]", "_", name.upper())
        if name.upper() in known:
            continue
        alike = difflib.get_close_matches(plain, known, n=1, cutoff=_LIKENESS_MIN)
        if alike:
            lines.append(f"{name}: is no setting; {alike[0]} is meant")
        elif is_cap(plain) and (name in in_file or is_of_our_words(plain)):
            nearest = nearest_cap(plain, known)
            what = known[nearest]
            lines.append(
                f"{name}: is no setting and would cap nothing; "
                f"the nearest is {nearest} ({what[0].lower()}{what[1:]})"
            )
    return lines


def _shard_problem(settings: Settings) -> str | None:
    ids, count = settings.shard_ids, settings.shard_count
    if ids is None:
        return None
    if count is None:
        return "SHARD_COUNT: is missing, but SHARD_IDS needs it"
    if any(shard >= count for shard in ids):
        return f"SHARD_IDS: must be below SHARD_COUNT, which is {count}"
    return None


def _line(problem: ErrorDetails) -> str:
    name = str(problem["loc"][0]).upper() if problem["loc"] else ".env"
    if problem["type"] == "missing":
        field = Settings.model_fields.get(name.lower())
        what = field.description if field and field.description else "a value"
        return f"{name}: is missing; set it to: {what[0].lower()}{what[1:]}"
    text = str(problem["msg"]).removeprefix("Value error, ")
    text = text.replace("Input should be", "must be").split(", unable to")[0]
    return f"{name}: {text[0].lower()}{text[1:]}"
