// Turns the month into a grid for the arrow keys, and changes month, day and zone in place.
// Without it the same links load whole pages.
import { grid } from "./grid.js";

const said = document.getElementById("said");
const picker = document.querySelector("[data-zone-picker]");
let newest = 0;
let shown = here();

// The page's address without its fragment: a jump within the page changes nothing here.
function here() {
  return location.pathname + location.search;
}

function chooser() {
  return document.querySelector("[data-chooser]");
}

// Shows what is at an address; `after` moves the focus once it is there.
async function show(address, after, push = true) {
  const turn = ++newest;
  chooser().setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    const page = parsed(await answer.text());
    const fresh = page.querySelector("[data-chooser]");
    if (!answer.ok || !fresh) throw new Error("no month");
    if (turn !== newest) return; // a later click was quicker
    chooser().replaceWith(fresh);
    if (push) history.pushState(null, "", address);
    shown = here();
    adopt(page);
    begin();
    after?.();
    said.textContent = summary();
  } catch {
    location.assign(address);
  }
}

// In a template nothing of the other page comes to life, such as its style with a nonce of its own.
function parsed(text) {
  const template = document.createElement("template");
  template.innerHTML = text;
  return template.content;
}

// Takes over what lies outside the month: which day the zone's form asks for, and the zone itself.
function adopt(page) {
  const spot = page.querySelector("[data-zone-picker] input[type=hidden]");
  if (picker && spot) picker.querySelector("input[type=hidden]").replaceWith(spot);
  const zone = page.querySelector("#zone");
  if (zone) document.getElementById("zone").value = zone.value;
}

function summary() {
  const times = document.querySelectorAll("#times .time").length;
  const title = document.getElementById("times-title").textContent.trim();
  const zone = document.querySelector("#times .zoned")?.textContent.trim() ?? "";
  return times ? `${title}: ${times} free ${times === 1 ? "time" : "times"}, ${zone}` : title;
}

function begin() {
  const held = chooser().closest("form") !== null;
  grid(chooser(), { turn: (rel, day) => turnTo(rel, day, held) });
}

// To the month before or after, by a key: the focus lands on the same day there, or on the nearest.
function turnTo(rel, day, held) {
  const way = chooser().querySelector(`[rel=${rel}], [data-rel=${rel}]`);
  if (!way) return;
  if (held) way.click();
  else show(way.href, () => chooser().dispatchEvent(new CustomEvent("focus-day", { detail: day })));
}

function clicked(event) {
  const link = event.target.closest("[data-chooser] a");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const address = new URL(link.href);
  if (address.pathname !== location.pathname || address.searchParams.has("start")) return;
  event.preventDefault();
  const byPointer = event.detail > 0;
  const date = link.closest("td")?.dataset.date;
  const rel = link.rel;
  show(address.href, () => {
    const there = date ? `td[data-date="${date}"] .day` : rel ? `[rel=${rel}]` : "#times a";
    (chooser().querySelector(there) ?? document.getElementById("month-name")).focus({ preventScroll: true });
    if (byPointer && !rel) toTimes();
  });
}

// On a phone the times stand below the month: they come into view.
function toTimes() {
  const times = document.getElementById("times");
  if (times.getBoundingClientRect().top > innerHeight * 0.6) times.scrollIntoView({ block: "start" });
}

if (chooser()) {
  begin();
  document.addEventListener("click", clicked);
  addEventListener("popstate", () => { if (here() !== shown) show(location.href, null, false); });
  if (picker) {
    picker.querySelector("button").hidden = true;
    picker.addEventListener("change", () => {
      show(`${picker.action}?${new URLSearchParams(new FormData(picker))}`);
    });
  }
}
