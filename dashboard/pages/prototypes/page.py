"""What does it look like? One picture beside its prototypes, all prototypes of a model, and training one."""

from dashboard.widgets.page import Page, studies_in

PAGE = Page(
    question="What does it look like?",
    title="Prototypes",
    order=3,
    promise="The training pictures that yours resembles, and whether by colour, texture or shape.",
    picture=True,
    studies=studies_in(__package__),
)
