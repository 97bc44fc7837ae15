// Keeps the part of the page that tells about the video link fresh: every second while it is on its way,
// now and then once it is there, since the host may still move or delete the meeting.
const part = document.querySelector("[data-live]");
const SELDOM = 30;
let waited = 0;
let timer;

async function look() {
  clearTimeout(timer);
  let pace = part.dataset.pace;
  try {
    const answer = await fetch(part.dataset.live + location.search, { headers: { Accept: "text/html" } });
    if (answer.ok) {
      pace = answer.headers.get("X-Live");
      if (!take(answer.headers.get("X-State"), await answer.text())) return;
    }
  } catch {
    // The network is away; the next look tries again.
  }
  part.dataset.pace = pace;
  if (pace !== "no") again();
}

// Gives whether this page goes on; it doesn't when more than the link has changed.
function take(state, text) {
  const before = part.dataset.state;
  if (state === before) return true;
  if (state.split(" ").slice(0, 2).join() !== before.split(" ").slice(0, 2).join()) {
    location.reload(); // moved or canceled
    return false;
  }
  const held = part.contains(document.activeElement);
  part.innerHTML = text;
  part.dataset.state = state;
  part.classList.add("arrived");
  if (held) (part.querySelector("a") ?? part).focus();
  return true;
}

function again() {
  const pause = part.dataset.pace === "soon" ? (waited < 30 ? 1 : waited < 300 ? 5 : SELDOM) : SELDOM;
  waited += pause;
  timer = setTimeout(() => (document.hidden ? again() : look()), pause * 1000);
}

if (part) {
  again();
  document.addEventListener("visibilitychange", () => { if (!document.hidden && part.dataset.pace !== "no") look(); });
}
