"""Figures of pictures made by activation maximisation."""
