"""The stand-in judges inputs as the model's runner does, and notes what no client should send."""

import pytest

from bot.core.models.gpt_image_2 import NAMED_SIZES

ROOT = "/openai/gpt-image-2"


async def ended(http, job):
    return await http.get(f"{ROOT}/requests/{job.id}")


@pytest.mark.parametrize(
    ("changes", "kind", "loc"),
    [
        ({"prompt": 7}, "string_type", ["body", "prompt"]),
        ({"quality": "best"}, "one_of", ["body", "quality"]),
        ({"output_format": "gif"}, "one_of", ["body", "output_format"]),
        ({"num_images": 0}, "greater_than_equal", ["body", "num_images"]),
        ({"num_images": 5}, "less_than_equal", ["body", "num_images"]),
        ({"num_images": "2"}, "int_type", ["body", "num_images"]),
        ({"sync_mode": "no"}, "bool_type", ["body", "sync_mode"]),
        ({"image_size": "huge"}, "one_of", ["body", "image_size"]),
        ({"image_size": "square"}, "image_too_small", ["body", "image_size"]),
        ({"image_size": 1024}, "dict_type", ["body", "image_size"]),
        (
            {"image_size": {"width": 1920, "height": 1080}},
            "multiple_of",
            ["body", "image_size", "height"],
        ),
        (
            {"image_size": {"width": 3856, "height": 2048}},
            "less_than_equal",
            ["body", "image_size", "width"],
        ),
        (
            {"image_size": {"width": 3840, "height": 2176}},
            "image_too_large",
            ["body", "image_size"],
        ),
        ({"image_size": {"width": 3200, "height": 1024}}, "value_error", ["body", "image_size"]),
        ({"image_size": {"width": 1024}}, "int_type", ["body", "image_size", "height"]),
    ],
)
async def test_an_illegal_input_is_accepted_and_ends_as_a_422_list(
    fal, http, finished, changes, kind, loc
):
    job = await finished(**changes)
    answer = await ended(http, job)
    entry = answer.json()["detail"][0]
    assert answer.status_code == 422
    assert (entry["type"], entry["loc"]) == (kind, loc)
    assert entry["url"].endswith(f"#{kind}")
    assert answer.headers["x-fal-billable-units"] == "0"
    assert fal.billed_microusd == 0


async def test_a_missing_prompt_ends_as_a_422(fal, http):
    await http.post(ROOT, json={"quality": "low"})
    job = await fal.next_job()
    await fal.finish(job)
    entry = (await ended(http, job)).json()["detail"][0]
    assert (entry["type"], entry["loc"]) == ("missing", ["body", "prompt"])


async def test_defaults_are_those_of_fals_page(fal, http):
    await http.post(ROOT, json={"prompt": "a fox"})
    job = await fal.next_job()
    await fal.finish(job)
    images = (await ended(http, job)).json()["images"]
    assert [(image["width"], image["height"]) for image in images] == [(1024, 768)]
    assert images[0]["content_type"] == "image/png"
    assert job.billed_microusd == 144_450 + 10


@pytest.mark.parametrize("size", NAMED_SIZES.values(), ids=str)
async def test_every_size_on_offer_is_accepted(fal, http, finished, size):
    job = await finished(image_size={"width": size.width, "height": size.height})
    assert (await ended(http, job)).status_code == 200
    assert fal.violations == []


async def test_an_edit_needs_pictures(fal, http, sent):
    await http.post(f"{ROOT}/edit", json=sent)
    await http.post(f"{ROOT}/edit", json={**sent, "image_urls": ["https://a.invalid/1.png"] * 17})
    for job in fal.jobs:
        await fal.finish(job)
    kinds = [(await ended(http, job)).json()["detail"][0]["type"] for job in fal.jobs]
    assert kinds == ["missing", "sequence_too_long"]


async def test_a_misspelt_field_is_ignored_and_runs_at_the_dear_default(fal, http, sent):
    changed = {"qualty": "low", "image_size": {"width": 1024, "height": 768, "unit": "px"}}
    del sent["quality"]
    await http.post(ROOT, json={**sent, **changed})
    job = await fal.next_job()
    await fal.finish(job)
    answer = await ended(http, job)
    assert (answer.status_code, len(answer.json()["images"])) == (200, 2)
    assert job.wanted.quality == "high"
    assert fal.violations == [
        f"POST {ROOT}: unknown field 'qualty'",
        f"POST {ROOT}: unknown field 'image_size.unit'",
    ]


async def test_an_input_wrapper_and_unknown_fields_are_violations(fal, http, sent):
    await http.post(ROOT, json={"input": sent})
    await http.post(ROOT, json={**sent, "seed": 1})
    assert fal.violations == [
        f"POST {ROOT}: unknown field 'input'",
        f"POST {ROOT}: unknown field 'seed'",
    ]


async def test_a_wrong_call_is_refused_and_is_a_violation(fal, http, sent):
    keyless = {"Authorization": ""}
    assert (await http.post(ROOT, json=sent, headers=keyless)).status_code == 401
    assert (await http.post(ROOT, json=sent, headers={"Authorization": "Key a"})).status_code == 401
    plain = {"Content-Type": "text/plain"}
    assert (await http.post(ROOT, content='{"prompt": "a"}', headers=plain)).status_code == 415
    assert (await http.post(ROOT, content="prompt=a")).status_code == 400
    assert (await http.post(ROOT, json=[sent])).status_code == 400
    assert (await http.post("/openai/gpt-image-3", json=sent)).status_code == 404
    assert (await http.post(f"{ROOT}/paint", json=sent)).status_code == 404
    assert (await http.get("/")).status_code == 404
    assert len(fal.violations) == 8
    assert fal.jobs == []


async def test_a_wrong_key_is_refused_but_honest(fal, http, sent):
    answer = await http.post(ROOT, json=sent, headers={"Authorization": "Key demo:wrong"})
    assert answer.status_code == 401
    assert answer.json() == {"detail": "No user found for Key ID and Secret"}
    assert fal.violations == []


async def test_a_key_sent_to_the_media_is_a_violation(fal, http, finished):
    url = (await ended(http, await finished())).json()["images"][0]["url"]
    assert (await http.get(url)).status_code == 200
    assert fal.violations == [f"GET {httpx_path(url)}: the key was sent to the host of the media"]


def httpx_path(url):
    return "/" + url.split("/", 3)[3]


async def test_a_start_timeout_out_of_range_is_a_violation(fal, http, sent):
    await http.post(ROOT, json=sent, headers={"X-Fal-Request-Start-Timeout": "0.1"})
    assert fal.violations == [f"POST {ROOT}: start timeout '0.1'"]
