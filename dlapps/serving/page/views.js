// What a model gives: for each kind, a function from a value, its description and the image that was
// asked about, if any, to what is shown of it.
"use strict";

import { make } from "./elements.js";

const MOST_VALUES = 64;
const MOST_BARS = 12;
const COLOURS = [
  "#00000000",
  "#e69f00",
  "#56b4e9",
  "#009e73",
  "#f0e442",
  "#0072b2",
  "#d55e00",
  "#cc79a7",
];

export const VIEWS = {
  class_label: (value) => make("p", { className: "headline", textContent: value }),
  class_probabilities: (value, tensor) =>
    Array.isArray(value[0]) ? null : bars(value, tensor.names),
  class_map: maskView,
  boxes: boxesView,
  mask_file: () => null, // The class map says the same.
  images: imagesView,
  picture_file: ({ b64 }) =>
    make("img", { src: `data:image/png;base64,${b64}`, alt: "The picture" }),
  sentence: (value) => make("p", { className: "headline", textContent: value }),
  action: (value, tensor) => make("p", { className: "headline", textContent: tensor.names[value] }),
  action_values: (value, tensor) => numberTable(value, tensor.names),
};

const number = (value) => Number(value).toPrecision(4);

export function anyView(value) {
  const text = (each) =>
    typeof each !== "number" || Number.isInteger(each) ? `${each}` : number(each);
  const all = [value].flat(Infinity);
  const rest = all.length > MOST_VALUES ? ` and ${all.length - MOST_VALUES} more` : "";
  return make("p", { textContent: all.slice(0, MOST_VALUES).map(text).join(", ") + rest });
}

function numberTable(values, names) {
  const best = values.indexOf(Math.max(...values));
  return make(
    "table",
    {},
    ...values.map((value, i) =>
      make(
        "tr",
        { className: i === best ? "best" : "" },
        make("th", { scope: "row", textContent: names ? names[i] : i }),
        make("td", { textContent: number(value) }),
      ),
    ),
  );
}

function bars(values, names) {
  const order = values.map((_, i) => i).sort((a, b) => values[b] - values[a]);
  const rows = order.slice(0, MOST_BARS).map((i, rank) => {
    const bar = make("div");
    bar.style.width = `${100 * values[i]}%`;
    return make(
      "tr",
      { className: rank ? "" : "best" },
      make("th", { scope: "row", textContent: names ? names[i] : i }),
      make("td", { className: "bar" }, bar),
      make("td", { textContent: `${(100 * values[i]).toFixed(1)} %` }),
    );
  });
  return make("table", {}, ...rows);
}

function rgba(hex) {
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)).concat(hex.length > 7 ? 0 : 150);
}

function colourOf(index) {
  return index === 0 ? COLOURS[0] : COLOURS[1 + ((index - 1) % (COLOURS.length - 1))];
}

function maskView(rows, tensor, image) {
  const [height, width] = [rows.length, rows[0].length];
  const mask = make("canvas", { width, height });
  const pixels = new ImageData(width, height);
  rows
    .flat()
    .forEach((index, i) =>
      pixels.data.set(index < 0 ? [0, 0, 0, 0] : rgba(colourOf(index)), 4 * i),
    );
  mask.getContext("2d").putImageData(pixels, 0, 0);
  const canvas = make("canvas", { width, height, className: "pixels" });
  const context = canvas.getContext("2d");
  if (image) context.drawImage(image, 0, 0, width, height);
  context.drawImage(mask, 0, 0);
  const counts = tensor.names.map(
    (_, index) => rows.flat().filter((each) => each === index).length,
  );
  const total = counts.reduce((sum, count) => sum + count, 0);
  const shares = counts.map(
    (count, i) => `${tensor.names[i]} ${((100 * count) / total).toFixed(1)} %`,
  );
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `The image with the class of each pixel: ${shares.join(", ")}`);
  const legend = make(
    "ul",
    {},
    ...shares.map((share, i) => {
      const key = make("span", { className: "key" });
      key.style.background = colourOf(i);
      return make("li", {}, key, share);
    }),
  );
  return make("div", {}, canvas, legend);
}

function boxesView(boxes, tensor, image) {
  const there = boxes.filter(([left, top, right, bottom]) => right > left && bottom > top);
  const sizes = image ? [image.naturalWidth || image.width, image.naturalHeight || image.height] : [];
  const [width, height] = image
    ? sizes
    : [2, 3].map((side) => Math.ceil(Math.max(1, ...there.map((box) => box[side]))));
  const canvas = make("canvas", { width, height, className: "pixels" });
  const context = canvas.getContext("2d");
  if (image) context.drawImage(image, 0, 0, width, height);
  context.lineWidth = Math.max(1, Math.round(Math.max(width, height) / 250));
  context.strokeStyle = COLOURS[1];
  there.forEach(([left, top, right, bottom]) =>
    context.strokeRect(left, top, right - left, bottom - top),
  );
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `The image with ${there.length} boxes`);
  return canvas;
}

function imagesView(value) {
  const several = Array.isArray(value[0][0][0]) ? value : [value];
  return make(
    "div",
    { className: several.length > 1 ? "row several" : "row" },
    ...several.map((rows) => {
      const [height, width, channels] = [rows.length, rows[0].length, rows[0][0].length];
      const canvas = make("canvas", { width, height, className: "pixels" });
      const pixels = new ImageData(width, height);
      rows.flat().forEach((pixel, i) => {
        const colour = channels === 1 ? [pixel[0], pixel[0], pixel[0]] : pixel;
        pixels.data.set([...colour.map((level) => 255 * level), 255], 4 * i);
      });
      canvas.getContext("2d").putImageData(pixels, 0, 0);
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `An image of ${width} by ${height} pixels`);
      return canvas;
    }),
  );
}
