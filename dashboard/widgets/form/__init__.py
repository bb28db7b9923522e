"""The form of an explainer, drawn from its params type."""
