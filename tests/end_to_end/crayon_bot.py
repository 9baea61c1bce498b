"""The real bot with one more model: `python -m tests.end_to_end.crayon_bot run`."""

from bot.__main__ import main
from bot.core.models.registry import register
from tests.end_to_end.crayon import CRAYON

register(CRAYON)

if __name__ == "__main__":
    main()
