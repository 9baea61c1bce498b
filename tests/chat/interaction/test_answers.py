"""Errors as the sentences that people read."""

from bot.chat.interaction.answers import sentence_for
from bot.core.codes import OptionCode
from bot.core.errors import BadRequest, DatabaseUnavailable


def test_a_storage_that_is_away_gets_a_sentence_without_its_details():
    sentence = sentence_for(DatabaseUnavailable("connection to 10.0.0.5 refused"))

    assert "storage" in sentence
    assert "10.0.0.5" not in sentence


def test_what_nobody_foresaw_is_an_id_that_the_log_has_too(caplog):
    sentence = sentence_for(ZeroDivisionError("secret detail"))

    assert "secret detail" not in sentence
    [record] = caplog.records
    assert vars(record)["code"] in sentence


def test_a_refusal_is_its_own_sentence():
    assert sentence_for(BadRequest(OptionCode.COUNT, most=4)) == "The count must be 1 to 4."
