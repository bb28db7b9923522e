"""What fooling images mean: other ways to find them, where they transfer, what tells them from photos."""
