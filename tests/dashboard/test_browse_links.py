"""A link from Browse opens the very answer that it stands for, for every explainer that a person can ask."""

from collections.abc import Iterator
from typing import Any

import pytest

import explainers
from dashboard import engine
from dashboard.engine.engine import Engine
from dashboard.engine.jobs import StoredEntry
from dashboard.engine.settings import Settings
from dashboard.pages import home_of
from explainers import Request, codec, params_of, takes_image
from models import imagesets
from tests.clips import clip_file
from tests.dashboard.conftest import Tab

NET = "menagerie_cnn"
LENSES = {
    name: lens for name, lens in explainers.registry().items() if lens.function.__module__.startswith("explainers.")
}
# Choices beside the defaults, none of them costly: they are to come back through the link.
CHOSEN: dict[str, dict[str, Any]] = {
    "gradcam": {"method": "layercam", "target": 3, "layer": ("layer3", "layer4")},
    "saliency": {"method": "saliency", "target": 3},
    "compare": {"over": "layers", "method": "layercam", "target": 2},
    "mistake": {"truth": 3, "layer": "layer3"},
    "neurons": {"count": 2, "images": "menagerie", "looked": 8},
    "groups": {"split": "source", "others": "menagerie_biased", "cls": 3, "limit": 6},
    "localise": {"method": "eigencam", "limit": 6},
    "concepts": {"k": 3, "cls": 1, "limit": 8, "pool": 40},
    "concept_explain": {"k": 3, "cls": 1, "limit": 8, "pool": 40},
    "concept_similar": {"k": 3, "cls": 1, "limit": 8, "pool": 40, "others": (0, 2)},
    "concept_match": {"k": 3, "cls": 1, "limit": 8, "pool": 40, "other": "menagerie_biased_cnn", "by": "relative"},
    "concept_within": {"k": 3, "cls": 1, "limit": 8, "pool": 40, "concept": 1},
    "concept_imagine": {"k": 3, "cls": 1, "limit": 8, "pool": 40, "concept": 1},
    "concept_named": {"k": 3, "cls": 1, "limit": 8, "pool": 40, "of": NET},
    "calibration": {"scenes": 4, "methods": ("gradcam",), "seed": 1},
    "trial": {"target": 3, "methods": ("gradcam",)},
    "prototypes": {"target": 3, "hue": 0.2},
    "prototype_gallery": {"limit": 3, "reasons": 0},
    "tcav": {"limit": 6, "draws": 3},
    "fooling": {"evaluations": 60, "children": 30},
    "fooling_lineage": {"evaluations": 60, "children": 30, "target": 2},
    "fooling_gradient": {"most": 4, "target": 2},
    "fooling_small_change": {"steps": 3},
    "fooling_transfer": {"evaluations": 60, "children": 30, "others": ("menagerie_biased_cnn",)},
    "fooling_retrain": {"evaluations": 60, "children": 30, "limit": 4, "rounds": 1},
    "fooling_unlike": {"evaluations": 60, "children": 30, "photos": 16},
    "fooling_detect": {"evaluations": 60, "children": 30, "photos": 16},
    "interaction": {"target": 3, "parts": 3},
    "activation": {"target": 2, "steps": 4, "n": 1},
    "activation_sweep": {"target": 2, "steps": 3, "prior": "ppgn_h"},
    "activation_generator": {"n": 3},
    "activation_facets": {"target": 2, "facets": 2, "steps": 4},
    "activation_train": {"limit": 4, "steps": 2},
    "prototypes_train": {"limit": 4, "prototypes": 2, "metric": "log_l2"},
}


@pytest.fixture(scope="module", autouse=True)
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    photos = tmp_path_factory.mktemp("photos")
    imagesets.sample("chelsea").pil().save(photos / "cat.png")
    cache = tmp_path_factory.mktemp("links") / "cache"
    live = Engine(Settings(cache=cache, devices=("cpu",), threads=1, images=(str(photos),)))
    engine.use(live)
    yield live
    engine.use(None)


def stored(request: Request[Any]) -> StoredEntry:
    """What the index of the store holds of an answer."""
    params = codec.params_to_json(request.params)
    return StoredEntry(
        key=request.key,
        part="result",
        explainer=request.explainer,
        model=request.model,
        params=params,
        when="",
        seconds=0.0,
        bytes=0,
    )


def page(address: str) -> None:
    from dashboard.pages import pages

    pages()[address].show()


def opened(entry: StoredEntry) -> Tab:
    home = home_of(entry)
    return Tab(page, {"address": home.address}, **home.choices)


def wants(tab: Tab, live: Engine, key: str) -> bool:
    """Whether the view stands for this answer: it has asked for it, or would with one click."""
    return f"begin.{key}" in tab.buttons() or any(job.key == key for job in live.jobs())


def test_every_explainer_is_tested() -> None:
    assert set(CHOSEN) == set(LENSES)


@pytest.mark.parametrize("name", CHOSEN)
def test_the_link_of_a_kept_answer_opens_the_same_request(name: str, server: Engine, tmp_path: Any) -> None:
    lens, chosen, model = LENSES[name], dict(CHOSEN[name]), NET
    if takes_image(lens.params):
        chosen["image"] = imagesets.sample("chelsea")
    if name in ("prototypes", "prototype_gallery"):
        model = "menagerie_prototypes"
    if name in ("activation_sweep", "activation_generator", "activation_facets"):
        model = "fashion_lenet"
    if name == "activation_facets":
        chosen["images"] = server.settings.images[0]  # of the menagerie's animals this model knows none
    if name == "concept_named":
        model = chosen["of"] = str(clip_file(tmp_path, labels=("cat", "dog", "sofa")))
        chosen["cls"] = 0
    request = lens.request(model, params_of(lens, chosen))
    entry = stored(request)
    assert all("/" not in text or text.startswith(("/tmp", model)) for text in home_of(entry).choices.values())
    tab = opened(entry)
    assert not [text for text in tab.told() if text.startswith("The link's")]
    begin = [key for key in tab.buttons() if key.startswith("begin.")]
    if begin and name.startswith("concept_"):
        tab.press(begin[0])  # what is compared with a bank stands beside it
    tab.until(lambda each: wants(each, server, request.key))


def test_a_folder_of_the_server_is_called_by_its_name(tmp_path: Any) -> None:
    """The whole path never stands in an address."""
    lens = LENSES["concepts"]
    entry = stored(lens.request(NET, params_of(lens, {"images": str(tmp_path)})))
    assert home_of(entry).choices["images"] == tmp_path.name


def test_an_answer_that_only_other_explainers_ask_for_has_no_page() -> None:
    chunk = explainers.find("concept_chunk")
    entry = StoredEntry(
        key="0", part="result", explainer=chunk.name, model=NET, params={}, when="", seconds=0.0, bytes=0
    )
    assert home_of(entry) is None
