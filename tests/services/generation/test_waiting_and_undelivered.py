"""What 2,000 waiting cards cost, and the shelf of what nobody took."""

import os
import time
from pathlib import Path

import pytest

from bot.core.errors import Halt, Trouble
from bot.core.jobs import Job, Picture, State
from bot.core.models.gpt_image_2 import Quality
from bot.core.models.options import Format, Size
from bot.services.generation.brakes import Brakes
from bot.services.generation.places import Places
from bot.services.generation.undelivered import ShelfKeeping
from bot.services.generation.waiting import WaitingRoom
from bot.storage.undelivered_files import Stock, UndeliveredFiles
from tests.fakes import ManualClock, RecordingCourier
from tests.virtual_time import virtual

DAY_S = 24 * 3600
PICTURE = Picture(b"picture", Format.PNG, Size(1024, 1024))


def waiting_job(number, member_id):
    return Job(
        id=f"job{number}",
        state=State.HELD,
        server_id=1,
        channel_id=1,
        member_id=member_id,
        prompt="x",
        size=Size(1024, 1024),
        quality=Quality.LOW,
        count=1,
        format=Format.PNG,
        private=False,
        held_microusd=1,
        created_at_ms=1,
        interaction_token=None,
        file_limit_bytes=1,
    )


def room_of(members, *, each=1):
    """A room in which so many members wait with so many jobs each; their cards are up to date."""
    courier, brakes = RecordingCourier(), Brakes()
    room = WaitingRoom(courier=courier, brakes=brakes, places=Places(1))
    for number in range(members * each):
        room.add(waiting_job(number, number % members))
    room.show_places()
    return room, courier, brakes


def shown(courier):
    found = [(job_id, place.in_line, place.halt) for job_id, place in courier.shown]
    courier.shown.clear()
    return found


def test_each_waiting_card_is_shown_once_with_its_place():
    _, courier, _ = room_of(400, each=5)
    assert shown(courier) == [(f"job{n}", n + 1, None) for n in range(2000)]


def test_only_cards_whose_place_has_changed_are_shown_again():
    room, courier, _ = room_of(2000)
    shown(courier)
    room.show_places()
    assert shown(courier) == []
    room.remove("job1999")
    room.show_places()
    assert shown(courier) == []
    room.remove("job1500")
    room.show_places()
    assert shown(courier) == [(f"job{n}", n, None) for n in range(1501, 1999)]
    room.add(waiting_job(5000, 9999))
    room.show_places()
    assert shown(courier) == [("job5000", 1999, None)]


def test_a_job_that_comes_back_is_first_and_shown_again():
    room, courier, _ = room_of(3)
    shown(courier)
    room.remove("job0")
    room.show_places()
    assert shown(courier) == [("job1", 1, None), ("job2", 2, None)]
    room.put_back(waiting_job(0, 0))
    room.show_places()
    assert shown(courier) == [("job0", 1, None), ("job1", 2, None), ("job2", 3, None)]


@virtual
async def test_all_cards_say_at_once_that_the_line_stands_and_that_it_goes_on():
    room, courier, brakes = room_of(50)
    shown(courier)
    brakes.refused("x", Trouble.KEY)
    room.show_places()
    assert shown(courier) == [(f"job{n}", n + 1, Halt.KEY) for n in range(50)]
    brakes.accepted()
    room.show_places()
    assert shown(courier) == [(f"job{n}", n + 1, None) for n in range(50)]


def test_looking_through_the_line_takes_time_by_its_length_and_not_by_its_square():
    def cost(members, each):
        room, _, _ = room_of(members, each=each)
        return min(measured(room.show_places) for _ in range(5))

    # Eight times the length takes 64 times as long where time grows with the square.
    assert cost(4000, 1) < 30 * max(cost(500, 1), 0.0002)
    assert cost(1, 4000) < 30 * max(cost(1, 500), 0.0002)


def measured(work):
    begun = time.thread_time()
    work()
    return time.thread_time() - begun


# The shelf


async def test_pictures_are_on_the_disk_before_they_have_their_name(tmp_path, monkeypatch):
    events = []
    real_sync, real_replace = os.fsync, Path.replace

    def sync(descriptor):
        events.append(("sync", Path(f"/proc/self/fd/{descriptor}").readlink().name))
        real_sync(descriptor)

    def replace(path, target):
        events.append(("name", Path(target).name))
        return real_replace(path, target)

    monkeypatch.setattr("bot.storage.undelivered_files.os.fsync", sync)
    monkeypatch.setattr(Path, "replace", replace)
    await UndeliveredFiles(tmp_path / "undelivered").put("job", {1: PICTURE, 3: PICTURE})
    assert events == [
        ("sync", "1.part"), ("name", "1.png"),
        ("sync", "3.part"), ("name", "3.png"),
        ("sync", "job"), ("sync", "undelivered"),
    ]  # fmt: skip
    files = sorted(path.name for path in (tmp_path / "undelivered" / "job").iterdir())
    assert files == ["1.png", "3.png"]


async def test_a_shelf_that_takes_nothing_says_so(tmp_path):
    (tmp_path / "undelivered").write_bytes(b"a file")
    with pytest.raises(OSError, match="undelivered"):
        await UndeliveredFiles(tmp_path / "undelivered").put("job", {1: PICTURE})


async def test_the_stock_is_counted_and_an_empty_shelf_has_none(tmp_path):
    shelf = UndeliveredFiles(tmp_path / "undelivered")
    assert await shelf.stock() == Stock(0, 0)
    await shelf.put("a", {1: PICTURE, 2: PICTURE})
    await shelf.put("b", {1: PICTURE})
    assert await shelf.stock() == Stock(2, 3 * len(PICTURE.data))


async def test_what_others_left_on_the_shelf_is_no_picture(tmp_path):
    shelf = UndeliveredFiles(tmp_path / "undelivered")
    await shelf.put("a", {1: PICTURE, 2: PICTURE})
    for name in (".DS_Store", "Thumbs.db", "3.part"):
        (tmp_path / "undelivered" / "a" / name).write_bytes(b"x")
    assert await shelf.numbers("a") == {1, 2}


async def test_no_pictures_leave_no_folder(tmp_path):
    shelf = UndeliveredFiles(tmp_path / "undelivered")
    await shelf.put("a", {})
    assert await shelf.stock() == Stock(0, 0)


async def test_undelivered_pictures_expire_after_their_days_and_no_sooner(tmp_path, caplog):
    caplog.set_level("INFO")
    clock = ManualClock()
    shelf = UndeliveredFiles(tmp_path / "undelivered")
    keeping = ShelfKeeping(shelf, clock, days=7)
    for name, age_s in (("old", 7 * DAY_S + 1), ("young", 7 * DAY_S - 1), ("new", 0)):
        await shelf.put(name, {1: PICTURE})
        at_s = clock.now / 1000 - age_s
        os.utime(tmp_path / "undelivered" / name, (at_s, at_s))
    await keeping.clear()
    left = sorted(path.name for path in (tmp_path / "undelivered").iterdir())
    assert left == ["new", "young"]
    [said] = [r for r in caplog.records if r.message == "undelivered pictures"]
    assert (said.expired_jobs, said.kept_jobs, said.kept_bytes) == (1, 2, 2 * len(PICTURE.data))

    clock.now += 2000
    await keeping.clear()
    assert [path.name for path in (tmp_path / "undelivered").iterdir()] == ["new"]


async def test_an_empty_shelf_is_not_spoken_of(tmp_path, caplog):
    caplog.set_level("INFO")
    await ShelfKeeping(UndeliveredFiles(tmp_path / "undelivered"), ManualClock(), days=7).clear()
    assert caplog.records == []


async def test_a_shelf_that_cannot_be_cleared_stops_nothing(tmp_path, caplog, monkeypatch):
    shelf = UndeliveredFiles(tmp_path / "undelivered")
    await shelf.put("old", {1: PICTURE})
    os.utime(tmp_path / "undelivered" / "old", (1, 1))

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("bot.storage.undelivered_files.shutil.rmtree", refuse)
    await ShelfKeeping(shelf, ManualClock(), days=7).clear()
    assert [r.message for r in caplog.records] == ["the shelf cannot be cleared"]
