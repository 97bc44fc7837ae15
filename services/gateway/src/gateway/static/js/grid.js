// A month as a grid: one tab stop, arrow keys between days, Home and End within a week, Page Up and Down by month.
const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
const DAYS = 7;

export function grid(root, { turn }) {
  const table = root.querySelector(".month table");
  const cells = [...table.querySelectorAll("td[data-date]")];
  const parts = cells.map((cell) => cell.querySelector("a, button") ?? cell);
  const lead = (cells[0].cellIndex ?? 0);

  function point(to, { focus = true } = {}) {
    parts.forEach((part, at) => { part.tabIndex = at === to ? 0 : -1; });
    if (focus) parts[to].focus();
  }

  function first() {
    const chosen = cells.findIndex((cell) => cell.querySelector("[aria-current=date]"));
    const free = parts.findIndex((part, at) => part !== cells[at]);
    return Math.max(0, chosen >= 0 ? chosen : free);
  }

  function pressed(event) {
    const at = parts.indexOf(event.target.closest("td[data-date], td[data-date] > *"));
    if (at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const column = (lead + at) % DAYS;
    const step = STEPS[event.key]
      ?? (event.key === "Home" ? -column : event.key === "End" ? DAYS - 1 - column : undefined);
    if (event.key === "PageUp" || event.key === "PageDown") {
      turn(event.key === "PageUp" ? "prev" : "next", at + 1);
    } else if (step !== undefined) {
      const to = at + step;
      const within = event.key.startsWith("Arrow");
      if (to >= 0 && to < parts.length) point(to);
      else if (!within) point(Math.min(Math.max(to, 0), parts.length - 1));
      else if (to < 0) turn("prev", to + 1); // 0 is the last day of the month before
      else turn("next", to - parts.length + 1);
    } else {
      return;
    }
    event.preventDefault();
  }

  table.setAttribute("role", "grid");
  cells.forEach((cell) => {
    cell.setAttribute("aria-selected", String(cell.querySelector("[aria-current=date]") !== null));
  });
  point(first(), { focus: false });
  table.addEventListener("keydown", pressed);
  root.addEventListener("focus-day", ({ detail: day }) => {
    const to = day > 0 ? day - 1 : parts.length - 1 + day;
    point(Math.min(Math.max(to, 0), parts.length - 1));
  });
}
