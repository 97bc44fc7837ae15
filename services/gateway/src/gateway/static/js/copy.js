// Shows the copy buttons where the browser can copy, and says when it is done.
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  const label = button.querySelector("span") ?? button;
  const text = label.textContent;
  label.setAttribute("aria-live", "polite");
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    label.textContent = "Copied";
    setTimeout(() => { label.textContent = text; }, 2000);
  });
}
