"""What does it imagine? Pictures made until the network answers as strongly as it gets."""

from dashboard.widgets.page import Page, studies_in

PAGE = Page(
    question="What does it imagine?",
    title="Activation maximisation",
    order=5,
    promise="A class or a channel drawn from nothing, judged by a network that took no part.",
    studies=studies_in(__package__),
)
