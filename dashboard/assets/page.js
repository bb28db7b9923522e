// What Streamlit has no widget for: copy the address, skip to the form, and type into an open dialog.
(() => {
  if (window.seewhy) return;
  window.seewhy = true;
  const SPOKEN = 2000; // milliseconds that "Link copied" stands
  const typing = (node) => node.closest?.("input, textarea, select, [contenteditable=true]");

  async function copy(button) {
    try {
      await navigator.clipboard.writeText(location.href);
      button.textContent = "Link copied";
    } catch {
      button.textContent = "Copy the address bar";
    }
    setTimeout(() => (button.textContent = "Copy link"), SPOKEN);
  }

  const skip = Object.assign(document.createElement("a"), { className: "sw-skip", href: "#" });
  skip.textContent = "Skip to the choices";
  document.body.prepend(skip);

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.(".sw-copy, .sw-skip");
    if (!button) return;
    event.preventDefault();
    if (button.matches(".sw-copy")) copy(button);
    else document.querySelector(".st-key-form input, .st-key-form button")?.focus();
  });

  // Captured before Streamlit's own shortcuts: with a dialog open, a letter belongs to its field.
  window.addEventListener("keydown", (event) => {
    if (event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const dialog = document.querySelector("[role=dialog]");
    if (dialog) {
      event.stopImmediatePropagation();
      dialog.querySelector("input")?.focus();
    } else if (event.key === "l") {
      document.querySelector(".sw-copy")?.click();
    }
  }, true);

  // The field of a dialog has the focus as soon as it is there: it is drawn later than the dialog, which takes it first.
  const TRIES = 30;
  function focusField(dialog, tries) {
    const field = dialog.querySelector("input");
    field?.focus();
    if (tries && dialog.isConnected && (!field || document.activeElement !== field))
      setTimeout(() => focusField(dialog, tries - 1), 100);
  }

  new MutationObserver((changes) => {
    for (const change of changes)
      for (const node of change.addedNodes) {
        const dialog = node.querySelector?.("[role=dialog]") ?? (node.matches?.("[role=dialog]") ? node : null);
        if (dialog) setTimeout(() => focusField(dialog, TRIES), 100);
      }
  }).observe(document.body, { childList: true, subtree: true });
})();
