// Makes a picture that is too large for a logo smaller before it is sent; without this the page says that it is.
const input = document.querySelector("#field-logo");
const WIDTHS = [512, 384, 256, 160, 96];

async function smaller(file, most) {
  const picture = await createImageBitmap(file);
  for (const width of WIDTHS) {
    const scale = Math.min(1, width / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    for (const kind of ["image/png", "image/webp"]) {
      const made = await new Promise((done) => canvas.toBlob(done, kind, 0.85));
      if (made && made.type === kind && made.size <= most) return made;
    }
  }
  return null;
}

input?.addEventListener("change", async () => {
  const [file] = input.files;
  const most = Number(input.dataset.most);
  if (!file || file.size <= most) return;
  try {
    const made = await smaller(file, most);
    if (!made) return;
    const chosen = new DataTransfer();
    chosen.items.add(new File([made], `logo.${made.type.split("/")[1]}`, { type: made.type }));
    input.files = chosen.files;
  } catch {
    // No picture that this browser can read: the page says what may be sent.
  }
});
