// The loss over two weights as bands of equal loss, and the paths of optimizers through it.
"use strict";

import { context } from "./drawing.js";
import { make } from "./elements.js";

const BANDS = 14;
const FINE = 6; // Pixels that are drawn for each that is known, along each side.
const CASING = "#10161c";
const PATHS = {
  sgd: { name: "SGD", colour: "#e8590c", mark: "●" },
  momentum: { name: "Momentum 0.9", colour: "#f48fc1", mark: "■" },
  rmsprop: { name: "RMSprop", colour: "#5fd3a4", mark: "▲" },
  adam: { name: "Adam", colour: "#ffd43b", mark: "◆" },
};

const byId = (id) => document.getElementById(id);

let shown = null;

export function forgetSurface() {
  shown = null;
  byId("surface-result").hidden = true;
}

// `found` is the server's answer to `wanted`, which names the two weights.
export function showSurface(found, wanted) {
  shown = found;
  byId("surface-result").hidden = false;
  const nameOf = (which) => {
    const select = document.getElementsByName(`surface.${which}`)[0];
    return [...select.options].find((option) => option.value === wanted[which]).textContent;
  };
  const range = (values) => `${rounded(values[0])} to ${rounded(values.at(-1))}`;
  byId("surface-axes").textContent =
    `Across: ${nameOf("first")}, from ${range(found.first)}. ` +
    `Up: ${nameOf("second")}, from ${range(found.second)}. Dark is a low loss; the circle is the ` +
    "start, a mark the end of a path, the cross the lowest loss seen.";
  const ends = Object.entries(found.paths).map(([name, { losses }]) => [name, losses.at(-1)]);
  byId("surface-legend").replaceChildren(...ends.map(([name, loss]) => {
    const key = make("i", { className: "mark", textContent: PATHS[name].mark });
    key.style.color = PATHS[name].colour;
    const end = make("b", { textContent: loss === null ? "infinite" : loss.toFixed(3) });
    return make("span", {}, key, `${PATHS[name].name} `, end);
  }));
  byId("surface-plane").setAttribute("aria-label", "The loss over two weights; after 100 steps: " +
    ends.map(([name, loss]) => `${PATHS[name].name} ${loss?.toFixed(3) ?? "infinite"}`).join(", "));
  redrawSurface();
}

const rounded = (value) => value.toFixed(1).replace("-", "−");

export function redrawSurface() {
  if (!shown) return;
  const canvas = byId("surface-plane");
  const bands = drawnBands();
  const [drawing, width, height] = context(canvas);
  drawing.imageSmoothingQuality = "high";
  drawing.drawImage(bands, 0, 0, width, height);
  const { first, second, paths, start } = shown;
  const place = ([x, y]) => [
    ((x - first[0]) / (first.at(-1) - first[0])) * width,
    height - ((y - second[0]) / (second.at(-1) - second[0])) * height,
  ];
  const lines = Object.entries(paths).map(([name, { points }]) =>
    [PATHS[name], points.filter((point) => !point.includes(null)).map(place)]);
  for (const [path, points] of lines) {
    drawing.beginPath();
    points.forEach((point, at) => (at ? drawing.lineTo(...point) : drawing.moveTo(...point)));
    outlined(drawing, path.colour, 2);
  }
  for (const [path, points] of lines) drawMark(drawing, points.at(-1), path);
  drawLowest(drawing, place);
  const [x, y] = place(start);
  drawing.beginPath();
  drawing.arc(x, y, 6, 0, 2 * Math.PI);
  outlined(drawing, "#ffffff", 2.5);
}

function drawMark(drawing, [x, y], { colour: own, mark }) {
  Object.assign(drawing, { font: "20px system-ui, sans-serif", textAlign: "center",
    textBaseline: "middle", strokeStyle: CASING, lineWidth: 3, fillStyle: own });
  drawing.strokeText(mark, x, y);
  drawing.fillText(mark, x, y);
}

function drawLowest(drawing, place) {
  const rows = shown.losses;
  const least = Math.min(...rows.flat().filter((each) => each !== null));
  const row = rows.findIndex((each) => each.includes(least));
  const [x, y] = place([shown.first[rows[row].indexOf(least)], shown.second[row]]);
  drawing.beginPath();
  for (const side of [-1, 1]) {
    drawing.moveTo(x - 5, y - 5 * side);
    drawing.lineTo(x + 5, y + 5 * side);
  }
  outlined(drawing, "#ffffff", 1.8);
}

// A line that stands out from whatever is below it.
function outlined(drawing, own, width) {
  drawing.lineJoin = "round";
  for (const [strokeStyle, lineWidth] of [[CASING, width + 1.6], [own, width]]) {
    Object.assign(drawing, { strokeStyle, lineWidth });
    drawing.stroke();
  }
}

// The surface as a picture, the bands closer where the loss is low.
function drawnBands() {
  const rows = shown.losses;
  const finite = rows.flat().filter((each) => each !== null);
  const [least, most] = [Math.min(...finite), Math.max(...finite)];
  const bandOf = (loss) => Math.min(BANDS - 1,
    Math.floor(BANDS * Math.sqrt((loss - least) / (most - least || 1))));
  const side = FINE * (rows.length - 1) + 1;
  const picture = make("canvas", { width: side, height: side });
  const drawing = picture.getContext("2d");
  const image = drawing.createImageData(side, side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const band = bandOf(interpolated(rows, x / FINE, y / FINE) ?? most);
      const light = band / (BANDS - 1);
      const own = [[28, 232], [42, 238], [92, 242]].map(([low, high]) => low + light * (high - low));
      image.data.set([...own, 255], 4 * ((side - 1 - y) * side + x));
    }
  }
  drawing.putImageData(image, 0, 0);
  return picture;
}

function interpolated(rows, x, y) {
  const [left, low] = [x, y].map((each) => Math.min(Math.floor(each), rows.length - 2));
  const mix = (a, b, part) => a + part * (b - a);
  const along = (row) => mix(row[left], row[left + 1], x - left);
  return mix(along(rows[low]), along(rows[low + 1]), y - low);
}
