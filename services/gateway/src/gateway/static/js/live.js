// Keeps the part of the page that tells about the video link fresh while its state may still change.
const part = document.querySelector("[data-live]");

async function look(waited) {
  try {
    const answer = await fetch(part.dataset.live, { headers: { Accept: "text/html" } });
    if (answer.ok) {
      const state = answer.headers.get("X-State");
      if (state !== part.dataset.state) {
        if (state.split(" ").slice(0, 2).join() !== part.dataset.state.split(" ").slice(0, 2).join()) {
          location.reload(); // moved or canceled: more than the link has changed
          return;
        }
        part.innerHTML = await answer.text();
        part.dataset.state = state;
      }
      if (answer.headers.get("X-Live") === "no") return;
    }
  } catch {
    // The network is away; the next look tries again.
  }
  again(waited);
}

function again(waited) {
  const pause = waited < 30 ? 1 : waited < 300 ? 5 : 30;
  setTimeout(() => look(waited + pause), pause * 1000);
}

if (part) again(0);
