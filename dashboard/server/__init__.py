"""The server: Streamlit's pages behind our own security headers."""
