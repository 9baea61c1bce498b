"""The live page follows a bot behind a socket; here without a browser, by its own protocol."""

import asyncio
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.stage import ROOT
from tests.standins.discord.bot_process import running_bot


class Browser:
    """Speaks the page's protocol as its script does."""

    def __init__(self, session, url):
        parts = urlsplit(url)
        self.session = session
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.headers = {"X-Simcord-Capability": parts.fragment}
        self.sequence = 0
        self.stale = None

    async def open(self):
        state = await self._call("POST", "/api/pages", {})
        self.headers["X-Simcord-Context"] = state["context"]["id"]
        return state

    async def _call(self, method, path, body=None):
        async with self.session.request(
            method, self.origin + path, json=body, headers=self.headers
        ) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def state(self):
        return await self._call("GET", "/api/state")

    async def act(self, kind, state=None, **fields):
        state = state or await self.state()
        self.sequence += 1
        return await self._call(
            "POST",
            "/api/action",
            {
                "protocol_version": 3,
                "sequence": self.sequence,
                "request_id": f"r{self.sequence}",
                "generation": state["context"]["generation"],
                "bot_generation": state["botGeneration"],
                "published_revision": state["publishedRevision"],
                "kind": kind,
                **fields,
            },
        )

    async def until(self, condition, timeout_s=8.0):
        async with asyncio.timeout(timeout_s):
            while not condition(state := await self.state()):  # noqa: ASYNC110 - the page has no events
                await asyncio.sleep(0.05)  # as the page's own script polls
        return state


def shown(state):
    return str([state["messages"][one] for one in state["messages"]])


@pytest.fixture
async def browser(place):
    async with (
        place.discord.page(place.channel, [place.alice, place.bob, place.mo]) as page,
        aiohttp.ClientSession() as session,
    ):
        place.page = page
        browser = Browser(session, page.url)
        await browser.open()
        yield browser


async def run(browser, name, kind="run_command", **fields):
    async with browser.session.get(
        f"{browser.origin}/api/commands", headers=browser.headers
    ) as answer:
        catalog = await answer.json()
    entry = next(one for one in catalog["entries"] if one["invocation"] == name)
    known = {"command_id": entry["commandId"], "path": name.split()}
    return await browser.act(kind, schema_fingerprint=entry["schemaFingerprint"], **known, **fields)


async def test_a_command_typed_on_the_page_shows_its_card_and_its_pictures(place, browser):
    result = await run(browser, "imagine", options={"prompt": "a fox"})
    assert (result["rejected"], result["settlement"]) == (False, "settled")
    assert "Waiting in line" in shown(await browser.state())
    state = await browser.until(lambda state: "alt of image-0.png" in shown(state))
    assert "14 of 20 left" in shown(state)
    assert [one.kind for one in place.discord.interactions] == ["page"]


async def test_cancel_is_pressed_while_the_job_runs_even_from_an_old_view(place, browser):
    await run(browser, "imagine", options={"prompt": "slow fox"})
    state = await browser.state()
    [message] = place.discord.messages(place.channel)
    number = next(c["id"] for c in _walk(message.components) if c.get("type") == 2)
    published = place.page.published
    place.discord.say(place.bob, place.channel, "something else happens")
    await place.discord.wait_for(lambda: place.page.published >= published)
    await browser.until(lambda now: "something else" in shown(now))
    result = await browser.act(
        "click",
        state,
        target_id=str(message.id),
        control_key=f"message:{message.id}:component:{number}",
    )
    assert not result["rejected"]
    assert message.text == "Cancelled. Nothing was spent."


def _walk(components):
    for one in components:
        yield one
        yield from _walk(one.get("components") or [])


async def test_a_private_card_is_on_the_page_of_one_viewer_only(place, browser):
    await run(browser, "imagine", options={"prompt": "secret fox", "private": True})
    assert "secret fox" in shown(await browser.state())
    for other in (place.bob, place.mo):
        await browser.act("viewer", viewer_id=str(other.id))
        assert "secret fox" not in shown(await browser.state())
    await browser.act("viewer", viewer_id=str(place.alice.id))
    assert "secret fox" in shown(await browser.state())


async def test_another_channel_is_turned_to_by_who_may_see_it(place):
    hidden = place.guild.add_channel("hidden")
    place.guild.hide_channel(hidden, place.mo)
    async with (
        place.discord.page(place.channel, [place.alice, place.mo]) as page,
        aiohttp.ClientSession() as session,
    ):
        browser = Browser(session, page.url)
        state = await browser.open()
        assert [one["name"] for one in state["places"]] == ["general"]
        await browser.act("viewer", viewer_id=f"{place.alice.id}@{hidden.id}")
        assert (await browser.state())["channel"]["name"] == "general"

        await browser.act("viewer", viewer_id=f"{place.mo.id}@{hidden.id}")
        state = await browser.state()
        assert [(one["name"], one["here"]) for one in state["places"]] == [
            ("general", False),
            ("hidden", True),
        ]
        await run(browser, "imagine", options={"prompt": "a fox"})
        assert [one.channel_id for one in place.discord.messages(hidden)] == [hidden.id]
        await browser.until(lambda state: "alt of image-0.png" in shown(state))
        assert not place.discord.messages(place.channel)

        await browser.act("viewer", viewer_id=str(place.alice.id))
        state = await browser.state()
        assert (state["channel"]["name"], state["messages"]) == ("general", {})


async def test_the_menus_of_a_message_and_of_a_member_work_on_the_page(place, browser):
    said = place.discord.say(place.bob, place.channel, "look at this")
    state = await browser.until(lambda state: "look at this" in shown(state))
    assert state["menus"] == {"message": ["Report image"], "member": ["Image quota"]}

    async def choose(whose, entry):
        key = f"message:{said.id}:component:menu:{whose}:{entry}"
        return await browser.act("click", target_id=str(said.id), control_key=key)

    assert not (await choose("message", "Report image"))["rejected"]
    assert f"Reported {said.id}" in shown(await browser.state())
    assert not (await choose(place.bob.id, "Image quota"))["rejected"]
    assert "Quota of bob" in shown(await browser.state())
    browser.sequence -= (await choose("message", "Image quota"))["rejected"]
    assert (await choose(place.bob.id, "nothing"))["rejected"]


async def test_a_bot_that_does_not_answer_leaves_the_page_alive(place, browser):
    result = await run(browser, "do", options={"script": "late"})
    assert result["acknowledgement"] == "unacknowledged"
    result = await run(browser, "do", options={"script": "message"})
    assert "hello" in shown(await browser.state())


async def test_autocomplete_works_on_the_page(place, browser):
    result = await run(
        browser, "imagine", "autocomplete_command", focused="size", value="1536x", options={}
    )
    assert [one["value"] for one in result["result"]["choices"]] == ["1536x1024"]


async def test_the_page_follows_people_who_act_without_it(place, browser):
    sent = await place.discord.slash(place.bob, place.channel, "do", {"script": "message"})
    await sent.answer()
    await browser.until(lambda state: "hello" in shown(state))


async def test_the_page_outlives_the_bot(place, browser):
    place.bot.process.terminate()
    await place.bot.process.wait()
    await place.discord.wait_for(lambda: not place.discord.gateway.connected)
    result = await run(browser, "do", options={"script": "message"})
    assert result["acknowledgement"] == "unacknowledged"
    async with running_bot(place.discord):
        await place.discord.wait_until_ready()
        result = await run(browser, "do", options={"script": "message"})
        assert result["acknowledgement"] == "acknowledged"
        assert "hello" in shown(await browser.state())


async def test_the_pages_own_script_and_style_are_served(place, browser):
    room = ROOT / "standins/discord"
    async with browser.session.get(f"{browser.origin}/app.js") as answer:
        assert (await answer.text()).endswith((room / "livelier.js").read_text("utf-8"))
    async with browser.session.get(f"{browser.origin}/preview.css") as answer:
        assert answer.headers["Content-Type"].startswith("text/css")
        assert (await answer.text()).endswith((room / "plainer.css").read_text("utf-8"))
