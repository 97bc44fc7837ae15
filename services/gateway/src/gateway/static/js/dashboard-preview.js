// Keeps the preview of a session type as fresh as what is typed.
const form = document.querySelector("form[data-preview]");
const part = document.querySelector("#preview-part");
let wait;
let asked = 0;

async function draw() {
  const mine = ++asked;
  try {
    const answer = await fetch(form.dataset.preview, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    const text = answer.ok ? await answer.text() : "";
    if (text && mine === asked) part.innerHTML = text;
  } catch {
    // The network is away; the next key tries again.
  }
}

if (form && part) {
  form.querySelector("[value=preview]").hidden = true;
  form.addEventListener("input", () => {
    clearTimeout(wait);
    wait = setTimeout(draw, 250);
  });
}
