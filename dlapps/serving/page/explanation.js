// Where the model looked: the maps of the signature that explains an answer, drawn over the picture
// that was asked about.
"use strict";

import { make } from "./elements.js";

// Inferno, as our figures have it, in steps of a sixteenth.
const COLOURS = [
  "#000004", "#0b0724", "#210c4a", "#3d0965", "#57106e", "#71196e",
  "#8a226a", "#a32c61", "#bc3754", "#d24644", "#e45a31", "#f1731d",
  "#f98e09", "#fcac11", "#f9cb35", "#f2ea69", "#fcffa4",
].map((hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)));
const OPACITY = 0.8;
const LARGEST_PERCENTILE = 99.5; // One pixel alone must not make all others pale.
const ANSWERED = -1; // Instead of a class.

let method = ""; // The one chosen last, so that the next answer is explained at once.

// The name of the signature that explains what another answers; undefined where none does.
export function explanationOf(signatures, question) {
  const asked = Object.keys(signatures[question].inputs);
  return Object.keys(signatures).find((name) => {
    const { inputs, outputs } = signatures[name];
    const names = Object.keys(inputs);
    const further = names.filter((each) => !asked.includes(each));
    return (
      Object.values(outputs).every((tensor) => tensor.kind === "relevance") &&
      asked.every((each) => names.includes(each)) &&
      further.length === 1 &&
      inputs[further[0]].kind === "class_index"
    );
  });
}

// A choice of method and class, and the map; `explain` promises the maps for an index of a class.
export function explanationView(outputs, classes, image, explain) {
  const methods = Object.keys(outputs);
  if (!methods.includes(method)) method = "";
  const methodChoice = choice("Method", ["", ...methods], (name) =>
    name ? outputs[name].title : "None",
  );
  const classChoice = choice("Class", [ANSWERED, ...classes.keys()], (index) =>
    index === ANSWERED ? "The one answered" : classes[index],
  );
  const place = make("div");
  const found = new Map(); // By class, what was promised.
  const show = async () => {
    const chosen = Number(classChoice.select.value);
    method = methodChoice.select.value;
    classChoice.label.hidden = !method;
    if (!method) return place.replaceChildren();
    if (!found.has(chosen)) found.set(chosen, explain(chosen));
    const asked = method;
    const isAsked = () => asked === method && chosen === Number(classChoice.select.value);
    try {
      const maps = await found.get(chosen);
      if (isAsked()) place.replaceChildren(...mapView(maps[asked], outputs[asked], image));
    } catch (error) {
      found.delete(chosen);
      if (!isAsked()) return;
      place.replaceChildren(make("p", { textContent: error.message, className: "wrong" }));
    }
  };
  methodChoice.select.value = method;
  for (const { select } of [methodChoice, classChoice]) select.addEventListener("change", show);
  show();
  return make(
    "fieldset",
    {},
    make("legend", { textContent: "Where it looked" }),
    make("div", { className: "choices" }, methodChoice.label, classChoice.label),
    place,
  );
}

function choice(title, values, text) {
  const select = make("select", {});
  select.append(...values.map((value) => make("option", { value, textContent: text(value) })));
  return { select, label: make("label", {}, title, select) };
}

function mapView(rows, tensor, image) {
  const [height, width] = [rows.length, rows[0].length];
  const values = rows.flat();
  const limit = percentile(values, LARGEST_PERCENTILE) || percentile(values, 100);
  const pixels = new ImageData(width, height);
  values.forEach((value, i) => {
    const strength = limit > 0 ? Math.min(value / limit, 1) : 0;
    pixels.data.set([...colourOf(strength), 255 * OPACITY * strength], 4 * i);
  });
  const map = make("canvas", { width, height });
  map.getContext("2d").putImageData(pixels, 0, 0);
  const canvas = make("canvas", { width, height, className: "pixels" });
  const context = canvas.getContext("2d");
  if (image) context.drawImage(image, 0, 0, width, height);
  context.drawImage(map, 0, 0);
  const place = values.indexOf(Math.max(...values));
  const share = (part, whole) => Math.round((100 * (part + 0.5)) / whole);
  canvas.setAttribute("role", "img");
  canvas.setAttribute(
    "aria-label",
    limit > 0
      ? `${tensor.title}, strongest at ${share(place % width, width)} % from the left and ` +
          `${share(Math.floor(place / width), height)} % from the top`
      : `${tensor.title}, 0 everywhere`,
  );
  const said = limit > 0 ? tensor.description : "0 everywhere: nothing supports this class";
  const caption = make("p", { className: "hint", textContent: `${tensor.title}: ${said}` });
  return [canvas, scale(), caption];
}

function percentile(values, percent) {
  const ordered = Float64Array.from(values).sort();
  return ordered[Math.round(((ordered.length - 1) * percent) / 100)];
}

function colourOf(strength) {
  const place = strength * (COLOURS.length - 1);
  const below = Math.min(Math.floor(place), COLOURS.length - 2);
  return COLOURS[below].map((low, i) => low + (place - below) * (COLOURS[below + 1][i] - low));
}

function scale() {
  const width = 128;
  const canvas = make("canvas", { width, height: 1, className: "scale" });
  const context = canvas.getContext("2d");
  for (let x = 0; x < width; x++) {
    context.fillStyle = `rgb(${colourOf(x / (width - 1)).join(" ")})`;
    context.fillRect(x, 0, 1, 1);
  }
  canvas.setAttribute("aria-hidden", "true");
  return make("div", { className: "row hint" }, "little", canvas, "much");
}
