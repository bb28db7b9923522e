"""One file a page; each says its question, title and order, and draws itself."""
