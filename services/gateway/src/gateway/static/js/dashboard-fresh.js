// Keeps the parts of a page that are marked data-fresh as they are on the server, while something is still on its way.
const waiting = () => document.querySelector("[data-waiting]") !== null;

async function look(waited) {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.ok && !answer.redirected) {
      // Its style is meant for that answer only, and the browser would complain.
      const text = (await answer.text()).replace(/<style[^]*?<\/style>/g, "");
      const page = new DOMParser().parseFromString(text, "text/html");
      for (const part of document.querySelectorAll("[data-fresh]")) {
        const fresh = page.querySelector(`[data-fresh="${part.dataset.fresh}"]`);
        // What somebody is just about to press must not be replaced under the finger.
        if (fresh && fresh.innerHTML !== part.innerHTML && !part.contains(document.activeElement)) part.replaceWith(fresh);
      }
    }
  } catch {
    // The network is away; the next look tries again.
  }
  again(waited);
}

function again(waited) {
  const pause = waited < 30 ? 2 : waited < 300 ? 10 : 30;
  if (waiting()) setTimeout(() => look(waited + pause), pause * 1000);
}

again(0);
