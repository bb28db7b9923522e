"""The one palette, light and dark, as Streamlit options: quiet greys and a single accent."""

ACCENT = {"light": "#0F766E", "dark": "#0D8276"}  # the dark one carries white text on buttons, so links are lighter

THEME: dict[str, str | int | bool] = {
    "theme.font": "sans-serif",
    "theme.baseRadius": "medium",
    "theme.showSidebarBorder": True,
    "theme.light.primaryColor": ACCENT["light"],
    "theme.light.backgroundColor": "#FFFFFF",
    "theme.light.secondaryBackgroundColor": "#F2F6F5",
    "theme.light.textColor": "#17201F",
    "theme.light.linkColor": ACCENT["light"],
    "theme.light.borderColor": "#D5DEDC",
    "theme.light.sidebar.backgroundColor": "#F7FAF9",
    "theme.dark.primaryColor": ACCENT["dark"],
    "theme.dark.backgroundColor": "#0F1514",
    "theme.dark.secondaryBackgroundColor": "#1A2322",
    "theme.dark.textColor": "#E6EDEB",
    "theme.dark.linkColor": "#2DD4BF",
    "theme.dark.borderColor": "#2C3937",
    "theme.dark.sidebar.backgroundColor": "#131B1A",
}
