"""Can I trust the explainer? Methods held to the truth of the menagerie, and to the facts of your own model."""
