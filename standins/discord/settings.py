"""What a local Discord is told when it starts; nothing here is read from the environment."""

from dataclasses import dataclass
from pathlib import Path

DEFAULT_FILE_LIMIT_BYTES = 10 * 1024 * 1024
"""Discord's limit per file without boosts (developer reference, "Uploading Files")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandInDiscordSettings:
    """How the local Discord behaves.

    Attributes:
        port: 0 takes a free one; the host is always the loopback address.
        token: The only bot token that is accepted.
        shard_count: What `/gateway/bot` advises, and what events are routed by until a bot
            identifies with another total.
        strict: Record bodies and edits of every message. False for benchmarks: only the newest
            requests are kept, without their bodies.
        openapi: Discord's OpenAPI file; every request and answer is held against it. Needs
            jsonschema.
        enforce_limits: Answer 429 as Discord does (per route, per webhook token, 50/s for all).
        heartbeat_interval_ms: Told to the bot in HELLO.
        file_limit_bytes: Per file, for servers and interactions that say nothing else.
        uploads_kept_s: How long a file of an option or a form can be fetched; Discord does not
            say it, libraries say two weeks.
        sends_choice_names: A suggestion that a person takes arrives by its name instead of its
            value, as some clients send it (discord-api-docs, issue 7206).
        updates_drop_files: Editing a component's message by the first answer (type 7) loses its
            files, new ones and old ones; bug reports say so (issue 6277).
        kept_files_need_names: An edit keeps a file only if it is listed with id and name; the
            finding of another project against the real Discord.
    """

    port: int = 0
    token: str = "stand-in.discord.token"  # noqa: S105 - a made-up token for loopback only
    shard_count: int = 1
    strict: bool = True
    openapi: Path | None = None
    enforce_limits: bool = True
    heartbeat_interval_ms: int = 41_250
    file_limit_bytes: int = DEFAULT_FILE_LIMIT_BYTES
    uploads_kept_s: float = 14 * 24 * 3600
    sends_choice_names: bool = False
    updates_drop_files: bool = True
    kept_files_need_names: bool = True
    bot_name: str = "Imagine"
