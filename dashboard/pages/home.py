"""The first screen: what this is, one finished explanation with its verdict, and a way into every question."""

from functools import partial

import streamlit as st

from dashboard import pages
from dashboard.figures.attribution import map as figures
from dashboard.figures.overlay import surroundings
from dashboard.widgets import job, layout, media, session
from dashboard.widgets.chart import PLAIN, chart
from dashboard.widgets.controls import image_picker, model_picker
from dashboard.widgets.evidence import verdict
from dashboard.widgets.page import Page
from explainers import Request
from explainers.attribution.gradcam import GradCam, gradcam
from models import DEFAULT, imagesets

EXAMPLE, SHOWN, CARD = "coffee", 6, 136
WHERE = "attribution"  # the page of a single picture
PROMISE = "Open a vision model and see *why* it decides, with a measurement of how far to trust each picture."


def draw() -> None:
    """Draw the page."""
    with st.container(key="intro", gap="small"):
        st.markdown("# Seewhy")
        st.markdown(PROMISE)
    picture, right = st.columns([1.6, 1], gap="large")
    with picture, st.container(key="centre"):
        request = _explained()
    with right:
        if request is not None:
            with st.container(key="evidence"):
                verdict(request, session.look())
        _questions()
    st.markdown("##### Start with a photo")
    left, right = st.columns([1, 2.8], gap="medium", vertical_alignment="center")
    with left, st.container(key="drop"):
        _drop()
    with right, st.container(horizontal=True, key="samples", gap="small"):
        for sample in imagesets.samples()[:SHOWN]:
            _card(sample)


def _explained() -> Request[GradCam] | None:
    """The example; gives the request that its verdict belongs to."""
    photo, look = imagesets.sample(EXAMPLE), session.look()
    request = gradcam.request(DEFAULT, gradcam.choose(image=photo))
    around = surroundings(photo, model_picker.card_of(DEFAULT).frame(photo.pixels.shape))
    answer = job.result_or_progress(request)
    if answer is None:
        layout.photo(around)
        return None
    st.markdown(f"##### {answer.result.sentence}")
    with layout.hero(around.size[1] / around.size[0], figures.SCALE, "home"):
        overlay = partial(figures.overlay, answer.result, look, around)
        chart(answer, look, "map", overlay, config=PLAIN, height="stretch", alt=figures.alt(answer.result, look))
    return request


def _questions() -> None:
    """A way into each page, by the question that it answers."""
    for address, page in pages.pages().items():
        if page.promise:
            with st.container(border=True, gap=None):
                st.page_link(pages.entry(address), label=f"**{page.question}**")
                st.caption(f"{page.title}. {page.promise}")


def _drop() -> None:
    for words in image_picker.upload("Drop a photo here, or choose one"):
        st.error(words)
    if image_picker.fresh():
        st.switch_page(pages.entry(WHERE))


def _card(sample: imagesets.Sample) -> None:
    """A sample; the whole card leads to its explanation."""
    with st.container(width=CARD, gap=None, key=f"card.{sample.name}"):
        data = image_picker.thumbnail(sample.photo())
        source = media.address(data, "image/webp", f"home.{sample.name}")
        st.html(f'<img src="{source}" alt="" width="{CARD}" height="{CARD}">')
        if st.button(sample.title, key=f"open.{sample.name}", type="tertiary", width="stretch"):
            st.switch_page(pages.entry(WHERE), query_params={"image": sample.name})


PAGE = Page(question="Home", title="Seewhy", order=0, draw=draw)
