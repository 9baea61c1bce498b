"""Moderators take jobs, ledger and audit home as CSV; the files keep to Discord's limit."""

import csv
import gzip
import io

from bot.storage import jobs
from bot.storage.database import opened_database
from standins.discord.faults import Fault
from tests.stage import Stage, staged
from tests.storage.samples import make_job


async def export(stage: Stage, what: str, who=None, channel=None, limit=None, **options):
    sent = await stage.discord.slash(
        who or stage.moderator, channel or stage.channel, "imagine-admin export",
        {"what": what, **options}, attachment_size_limit=limit,
    )  # fmt: skip
    answer = await sent.answer()
    assert answer.ephemeral
    assert answer.type == 5
    message = answer.message
    assert message is not None
    await stage.discord.wait_for(lambda: not message.loading, 15)
    return message


def rows(message) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for file in message.gallery:
        data = gzip.decompress(file.data) if file.filename.endswith(".gz") else file.data
        found += csv.DictReader(io.StringIO(data.decode(), newline=""))
    return found


async def seed(stage: Stage, count: int) -> None:
    async with (
        opened_database(stage.env["DATABASE_URL"]) as database,
        database.write(stage.guild.id) as connection,
    ):
        for number in range(count):
            at_ms = 1_780_000_000_000 + number
            job = make_job(server_id=stage.guild.id, created_at_ms=at_ms, prompt=f"{at_ms**7}")
            await jobs.insert(connection, job, at_ms)


async def test_jobs_ledger_and_audit_come_as_files_that_only_the_moderator_sees(tmp_path):
    async with staged(tmp_path) as stage:
        card = await stage.card(count=2, prompt="=1+1, a heron")
        await stage.discord.wait_for(lambda: card.gallery, 15)
        given = {"amount": "5", "unit": "images", "window": "day", "reason": "less"}
        sent = await stage.discord.slash(
            stage.moderator, stage.channel, "imagine-admin limit set", given
        )
        await stage.reply(sent)

        found = await export(stage, "jobs")
        assert "1 row" in found.text
        assert found.gallery[0].filename.startswith("jobs-20")
        [job] = rows(found)
        assert (job["prompt"], job["state"]) == ("'=1+1, a heron", "delivered")
        assert job["message_id"] == str(card.id)
        kinds = [row["kind"] for row in rows(await export(stage, "ledger", period="today"))]
        assert kinds == ["hold", "settle"]
        [change] = rows(await export(stage, "audit", period="all"))
        assert (change["kind"], change["reason"]) == ("limit.set", "less")
        nothing = await export(stage, "jobs", **{"from": "2020-01-01", "to": "2020-02-01"})
        assert "nothing in that range" in nothing.text
        wrong = await export(stage, "jobs", period="soon")
        assert "“soon” is no date" in wrong.text
        await stage.until(lambda: not list((stage.folder / "data" / "exports").iterdir()))


async def test_files_keep_to_the_limit_that_discord_states_and_to_the_one_it_means(tmp_path):
    async with staged(tmp_path) as stage:
        await seed(stage, 600)
        whole = await export(stage, "jobs", period="all")
        assert [file.filename for file in whole.gallery] == ["jobs-all.csv"]
        packed = await export(stage, "jobs", period="all", limit=100_000)
        assert [file.filename for file in packed.gallery] == ["jobs-all.csv.gz"]
        parts = await export(stage, "jobs", period="all", limit=15_000)
        assert 1 < len(parts.gallery) < 10
        assert all(len(file.data) <= 15_000 for file in parts.gallery)
        assert rows(whole) == rows(packed) == rows(parts)
        cut = await export(stage, "jobs", period="all", limit=3_000)
        assert len(cut.gallery) == 10
        assert rows(cut) == rows(whole)[: len(rows(cut))]
        assert "later rows are missing" in cut.text

        fault = stage.discord.faults.add(
            Fault(route="original", method="PATCH", status=413, code=40005)
        )
        again = await export(stage, "jobs", period="all", limit=100_000)
        assert fault.hits == 1
        assert rows(again) == rows(whole)
        stage.discord.faults.add(
            Fault(route="original", method="PATCH", status=413, code=40005, times=2)
        )
        refused = await export(stage, "jobs", period="all")
        assert "does not take files of that size" in refused.text


async def test_members_get_nothing_and_other_servers_only_their_own(tmp_path):
    async with staged(tmp_path) as stage:
        await stage.card(prompt="a secret")
        for what in ("jobs", "ledger", "audit"):
            sent = await stage.discord.slash(
                stage.alice, stage.channel, "imagine-admin export", {"what": what}, unchecked=True
            )
            refused = await stage.reply(sent)
            assert refused.ephemeral
            assert "Only members who may manage the server" in refused.text
            assert refused.gallery == []

        other = stage.discord.add_guild("Other")
        channel, chief = other.add_channel("art"), other.add_moderator("olga")
        for what in ("jobs", "ledger", "audit"):
            found = await export(stage, what, chief, channel, period="all")
            assert "nothing in that range" in found.text
