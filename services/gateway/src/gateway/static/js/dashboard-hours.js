// Draws the working hours of a day beside its fields while they are changed.
const SVG = "http://www.w3.org/2000/svg";

function minutes(text) {
  const [hour, minute] = text.split(":").map(Number);
  return hour * 60 + minute;
}

function draw(day) {
  const bar = day.querySelector(".daybar");
  if (!bar) return;
  for (const old of bar.querySelectorAll("rect:not(.whole)")) old.remove();
  for (const row of day.querySelectorAll(".hours-row")) {
    const [start, end] = [...row.querySelectorAll("input[type=time]")].map((input) => input.value);
    const until = end === "00:00" ? 1440 : minutes(end || "0:0");
    if (!start || !end || until <= minutes(start)) continue;
    const rect = document.createElementNS(SVG, "rect");
    rect.setAttribute("x", minutes(start));
    rect.setAttribute("width", until - minutes(start));
    rect.setAttribute("height", 8);
    bar.append(rect);
  }
}

for (const day of document.querySelectorAll("[data-hours] .weekday")) {
  day.addEventListener("input", () => draw(day));
}
