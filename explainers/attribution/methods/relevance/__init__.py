"""Backward passes by other rules than the derivative: rectified, layer-wise relevance, full gradients."""
