"""Where does it look? One picture and one map, or a study of many; each in a file of its own."""

from dashboard.widgets.page import Page, studies_in

PAGE = Page(
    question="Where does it look?",
    title="Attribution",
    order=1,
    promise="A map of the evidence in your photo, for any class, with tests beside it.",
    picture=True,
    studies=studies_in(__package__),
)
