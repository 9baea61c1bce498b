"""What the local Discord refuses: to the bot as an HTTP answer, to a person as an exception."""

from typing import Any


class ApiError(Exception):
    """An error answer to the bot.

    Attributes:
        status: HTTP status.
        code: Discord's JSON error code (0 where Discord sends 0).
        sentence: The `message` of the body.
    """

    def __init__(self, status: int, code: int, sentence: str) -> None:
        super().__init__(f"{status} (code {code}): {sentence}")
        self.status = status
        self.code = code
        self.sentence = sentence

    def body(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        return {"message": self.sentence, "code": self.code}


def bad_form(sentence: str) -> ApiError:
    """400 with code 50035, which Discord gives for every malformed body."""
    return ApiError(400, 50035, f"Invalid Form Body: {sentence}")


class ClientRefused(Exception):
    """A real Discord client would not have let the person do this."""


class NoAnswer(Exception):
    """The bot did not answer, or what was waited for did not happen in time."""
