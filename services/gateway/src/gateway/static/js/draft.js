// Keeps what a visitor typed while the tab is open, also over "back" and another time; a booking made ends it.
const form = document.querySelector("[data-draft]");
const done = document.querySelector("[data-draft-done]");
const name = `draft:${(form ?? done)?.dataset.draft ?? done?.dataset.draftDone}`;

function fields() {
  return [...form.querySelectorAll("input:not([type=hidden]), textarea")];
}

try {
  if (done) sessionStorage.removeItem(name);
  if (form) {
    const kept = JSON.parse(sessionStorage.getItem(name) ?? "{}");
    for (const one of fields()) if (!one.value && kept[one.name]) one.value = kept[one.name];
    form.addEventListener("input", () => {
      sessionStorage.setItem(name, JSON.stringify(Object.fromEntries(fields().map((one) => [one.name, one.value]))));
    });
  }
} catch {
  // A browser that keeps nothing loses nothing that the server did not already give back.
}
