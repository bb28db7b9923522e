"""What fools it? Pictures that no person recognises and the network is sure of, and what they mean."""
