"""Icons, the style sheet and the one script of our own."""

from pathlib import Path

ASSETS = Path(__file__).parent
SCRIPT = f"<script>{(ASSETS / 'page.js').read_text()}</script>"
