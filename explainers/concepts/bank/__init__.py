"""The concepts of one class: how they are found, learnt and measured."""
