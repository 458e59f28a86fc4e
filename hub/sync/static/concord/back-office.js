// Scrolling regions of Unfold are all named alike; a screen reader tells them apart by these names.
document.addEventListener("DOMContentLoaded", () => {
  for (const region of document.querySelectorAll("[data-simplebar]")) {
    region.setAttribute("data-simplebar-aria-label", region.closest("nav") ? "Menu" : "Rows");
  }
});
