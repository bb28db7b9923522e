"""A network is taken for nothing but what running it shows: examined once, when it comes in."""
