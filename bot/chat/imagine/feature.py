"""What members use, as the client registers it."""

from bot.chat.imagine.buttons import CancelButton
from bot.chat.imagine.command import build_imagine
from bot.chat.imagine.quota import build_quota
from bot.chat.interaction.feature import Feature

FEATURE = Feature(commands=(build_imagine, build_quota), buttons=(CancelButton,))
