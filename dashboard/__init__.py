"""How we show: asks, waits, draws."""
