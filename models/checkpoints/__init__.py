"""Checkpoints that people bring: what describes them (`description`, `config`), and what lies in them (`state`)."""
