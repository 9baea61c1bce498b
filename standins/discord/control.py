"""`/_standin/`: lets another process act in this Discord, for benchmarks and for trying things out.

It listens where the rest listens, on the loopback, and has no secrets to keep. People and places
are named by their ids. Answers are plain JSON; what a client would refuse is 409.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from standins.discord.errors import ClientRefused, NoAnswer
from standins.discord.faults import Fault
from standins.discord.interactions import SentInteraction
from standins.discord.people import Channel, Guild, Member
from standins.discord.server import StandInDiscord
from standins.discord.shapes import Payload, as_object, as_objects

_Verb = Callable[[Payload], Awaitable[Any]]


class ControlledDiscord(StandInDiscord):
    """A local Discord with `/_standin/`.

    Every verb is a POST with a JSON body:

    - `guild {name, shard}` and `channel {guild, name}` and `member {guild, name, role}` with role
      "member", "moderator" or "admin": answer `{id}`
    - `slash {member, channel, name, options, attachment_size_limit}` or `{many: […]}`: sends at
      once; answers `{ids}` in the same order
    - `press {member, channel, message, button}`: answers `{ids}`
    - `timings {ids}`: answers `{timings}`; `{wait_s}` first waits until all have `pictures`
      pictures (default 0: until all are answered)
    - `messages {channel}`, `requests {}`, `violations {}`: what happened
    - `clock {advance_s}`, `fault {…fields of Fault}`, `faults_clear {}`, `drop {shard}`
    - `ready {shards, timeout_s}`: waits for the bot
    """

    def add_routes(self, app: web.Application) -> None:
        """Serve the verbs."""
        verbs: dict[str, _Verb] = {
            "guild": self._guild,
            "channel": self._channel,
            "member": self._member,
            "slash": self._slash,
            "press": self._press_button,
            "timings": self._timings,
            "messages": self._messages,
            "requests": self._requests,
            "violations": self._violations,
            "clock": self._clock,
            "fault": self._fault,
            "faults_clear": self._faults_clear,
            "drop": self._drop,
            "ready": self._ready,
        }
        for name, verb in verbs.items():
            app.router.add_post(f"/_standin/{name}", _serve(verb))

    # ------------------------------------------------------------------ places and people

    async def _guild(self, body: Payload) -> Payload:
        guild = self.add_guild(body.get("name", "Studio"), shard=int(body.get("shard", 0)))
        return {"id": str(guild.id)}

    async def _channel(self, body: Payload) -> Payload:
        guild = self._find_guild(body)
        return {"id": str(guild.add_channel(body.get("name", "general")).id)}

    async def _member(self, body: Payload) -> Payload:
        guild, name = self._find_guild(body), str(body.get("name", "member"))
        add = {
            "moderator": guild.add_moderator,
            "admin": guild.add_admin,
            "member": guild.add_member,
        }
        return {"id": str(add[body.get("role", "member")](name).id)}

    def _find_guild(self, body: Payload) -> Guild:
        return self.state.guilds[int(body["guild"])]

    def _find(self, body: Payload) -> tuple[Member, Channel]:
        channel_id = int(body["channel"])
        for guild in self.state.guilds.values():
            if channel_id in guild.channels:
                return guild.members[int(body["member"])], guild.channels[channel_id]
        raise KeyError(channel_id)

    # ------------------------------------------------------------------ acting

    async def _slash(self, body: Payload) -> Payload:
        sent: list[SentInteraction] = []
        for one in as_objects(body.get("many")) or [body]:
            member, channel = self._find(one)
            options = as_object(one.get("options"))
            limit = one.get("attachment_size_limit")
            sent.append(
                await self.slash(member, channel, one["name"], options, attachment_size_limit=limit)
            )
        return {"ids": [str(one.id) for one in sent]}

    async def _press_button(self, body: Payload) -> Payload:
        member, channel = self._find(body)
        model = self.state.world.message(channel.id, int(body["message"]))
        if model is None:
            raise ClientRefused("the message is gone")
        sent = await self.press(member, self.state.gallery.view(model), body["button"])
        return {"ids": [str(sent.id)]}

    # ------------------------------------------------------------------ reading

    async def _timings(self, body: Payload) -> Payload:
        sent = [self.state.sent[int(one)] for one in body.get("ids") or self.state.sent]
        pictures, wait_s = int(body.get("pictures", 0)), float(body.get("wait_s", 0))
        if wait_s:
            await asyncio.gather(*(_finished(self, one, pictures, wait_s) for one in sent))
        return {"timings": [await _timing(one) for one in sent]}

    async def _messages(self, body: Payload) -> Payload:
        found = self.state.world.messages(int(body["channel"]))
        return {
            "messages": [
                {
                    "id": str(one.id),
                    "text": view.text,
                    "flags": view.flags,
                    "buttons": [button.label for button in view.buttons],
                    "pictures": [(p.filename, p.alt, len(p.data)) for p in view.gallery],
                    "edits": len(view.edits),
                }
                for one in found
                for view in [self.state.gallery.view(one)]
            ]
        }

    async def _requests(self, _body: Payload) -> Payload:
        return {
            "requests": [
                {
                    "method": one.method,
                    "name": one.name,
                    "status": one.status,
                    "at_s": one.at_s,
                    "took_s": one.took_s,
                    "interaction": str(one.interaction_id or ""),
                    "bytes": sum(size for _, size in one.files),
                }
                for one in self.state.requests
            ]
        }

    async def _violations(self, _body: Payload) -> Payload:
        return {"violations": [(v.where, v.route, v.detail) for v in self.violations]}

    # ------------------------------------------------------------------ disturbing

    async def _clock(self, body: Payload) -> Payload:
        self.clock.advance(float(body["advance_s"]))
        return {"now": self.clock.now().isoformat()}

    async def _fault(self, body: Payload) -> Payload:
        self.faults.add(Fault(**body))
        return {}

    async def _faults_clear(self, _body: Payload) -> Payload:
        self.faults.clear()
        return {}

    async def _drop(self, body: Payload) -> Payload:
        return {"dropped": self.gateway.drop(body.get("shard"))}

    async def _ready(self, body: Payload) -> Payload:
        await self.wait_until_ready(int(body.get("shards", 1)), float(body.get("timeout_s", 15)))
        return {"commands": sorted(self.commands)}


def _serve(verb: _Verb) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(http: web.Request) -> web.Response:
        raw = await http.read()
        try:
            answer = await verb(as_object(json.loads(raw)) if raw else {})
        except ClientRefused as refusal:
            return web.json_response({"refused": str(refusal)}, status=409)
        except NoAnswer as silence:
            return web.json_response({"no_answer": str(silence)}, status=504)
        except (KeyError, TypeError, ValueError) as error:
            return web.json_response({"wrong": repr(error)}, status=400)
        return web.json_response(answer)

    return handle


async def _finished(
    discord: StandInDiscord, sent: SentInteraction, pictures: int, wait_s: float
) -> None:
    await sent.answer(wait_s)
    if pictures:
        await discord.wait_for(
            lambda: sent.original is not None and len(sent.original.attachments) >= pictures,
            wait_s,
            f"{pictures} pictures",
        )


async def _timing(sent: SentInteraction) -> Payload:
    """Times of one interaction, in seconds from its event."""
    answer = await sent.answer() if sent.answered else None
    edits = sent.original.edits if sent.original is not None else []
    pictured_s = sent.original.pictured_s if sent.original is not None else None
    return {
        "id": str(sent.id),
        "sent_s": sent.sent_s,
        "answer_s": answer.after_s if answer is not None else None,
        "type": answer.type if answer is not None else None,
        "message": str(sent.original.id) if sent.original is not None else None,
        "pictures_s": pictured_s - sent.sent_s if pictured_s is not None else None,
        "edits": len(edits),
    }
