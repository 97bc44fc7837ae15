// Finds the visitor's time zone once. Loaded before the page is drawn, so that times don't jump afterwards.
"use strict";
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone) return;
  const known = document.cookie.split("; ").some((one) => one.startsWith("tz="));
  const shown = document.currentScript?.dataset.shownZone;
  const asked = new URLSearchParams(location.search).has("timezone");
  if (shown !== undefined && !known && !asked) {
    document.cookie = `tz=${zone}; path=/; max-age=31536000; samesite=lax`;
    const kept = document.cookie.split("; ").some((one) => one.startsWith("tz="));
    if (kept && shown !== zone) location.reload();
  }
  addEventListener("DOMContentLoaded", () => {
    const select = document.querySelector("[data-zone-field=detect] select");
    const option = select && [...select.options].find((one) => one.value === zone);
    if (option) option.selected = true;
  });
})();
