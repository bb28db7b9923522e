"""What fools it? Pictures that no person recognises and of which the network is sure."""

from dashboard.widgets.page import Page, studies_in

PAGE = Page(
    question="What fools it?",
    title="Fooling images",
    order=4,
    promise="Pictures bred until the network is sure of them, though they show nothing; and what that means.",
    studies=studies_in(__package__),
)
