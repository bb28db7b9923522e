"""The attribution methods: formulas, and the table that names them."""
