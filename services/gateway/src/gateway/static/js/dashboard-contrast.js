// Measures a color against light and dark paper while it is chosen; what pages make of it is worked out on saving.
const input = document.querySelector("#field-color");
const words = document.querySelector("[data-contrast-words]");
const PAPER = { light: "#ffffff", dark: "#1b1c1f" };
const READABLE = 5.5;

function luminance(color) {
  const channels = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16) / 255);
  const [red, green, blue] = channels.map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one, other) {
  const [lighter, darker] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (lighter + 0.05) / (darker + 0.05);
}

if (input && words) {
  input.addEventListener("input", () => {
    const [light, dark] = [contrast(input.value, PAPER.light), contrast(input.value, PAPER.dark)];
    const fine = light >= READABLE && dark >= READABLE;
    words.textContent =
      `On white its contrast is ${light.toFixed(1)} to 1, on dark ${dark.toFixed(1)} to 1. ` +
      (fine ? "Good to read as it is." : "Where that is hard to read, pages use a darker or lighter shade of it.");
    for (const shape of document.querySelectorAll("[data-shade]")) {
      const readable = (shape.dataset.shade === "light" ? light : dark) >= READABLE;
      if (readable) shape.setAttribute("fill", input.value);
    }
  });
}
