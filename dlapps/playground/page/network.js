// The network as a diagram: a small plane for each neuron, and a line for each weight.
"use strict";

import { bytesOf, colour, drawPlane, ramp } from "./drawing.js";
import { make } from "./elements.js";

const SVG = "http://www.w3.org/2000/svg";
const INPUT_SIDE = 21;
const LARGEST = 52; // Pixels of a neuron.

const diagram = () => document.getElementById("diagram");

let nodes = []; // By column, the input's first: {canvas, x, y, bytes}.
let lines = []; // By column from the second on: [from][to] of that layer's kernel.
let palette;
let shape = "";
let size = 0;

// Planes of the two inputs themselves, low on one side and high on the other.
function inputPlanes() {
  const plane = (value) => Uint8Array.from({ length: INPUT_SIDE ** 2 }, (_, at) =>
    Math.round(1 + (254 * value(at % INPUT_SIDE, Math.floor(at / INPUT_SIDE))) / (INPUT_SIDE - 1)));
  return [plane((column) => column), plane((_, row) => row)];
}

function nameOf(column, index, columns) {
  if (column === 0) return `Input x${index + 1}`;
  if (column === columns - 1) return `Output of class ${index}`;
  return `Layer ${column}, neuron ${index + 1}`;
}

// Draws the network of a look; `chosen` is told of a neuron that is pointed at, pressed or left.
export function drawNetwork(look, chosen) {
  const counts = [2, ...look.layers.map((layer) => layer.neurons.length)];
  const wanted = `${counts} ${diagram().clientWidth}`;
  if (wanted !== shape) layOut(counts, chosen);
  shape = wanted;
  nodes.slice(1).forEach((column, at) => {
    const { neurons, kernel } = look.layers[at];
    column.forEach((node, index) => {
      node.bytes = bytesOf(neurons[index]);
      drawPlane(node.canvas, node.bytes, palette);
    });
    lines[at].forEach((row, from) => row.forEach((line, to) => {
      const weight = kernel[from][to] ?? 0;
      const strength = Math.abs(weight);
      line.setAttribute("stroke", colour(weight < 0 ? "negative" : "positive"));
      const width = (size / LARGEST) * (0.4 + (7 * strength) / (strength + 2));
      line.setAttribute("stroke-width", width.toFixed(2));
      line.setAttribute("stroke-opacity", Math.min(0.9, 0.18 + 0.5 * strength).toFixed(2));
    }));
  });
}

// Forgets how the network lay, so that it is laid out again, in whatever colours there are now.
export function forgetNetwork() {
  shape = "";
}

function layOut(counts, chosen) {
  palette = ramp("negative", "positive");
  const width = diagram().clientWidth;
  const pitch = width / counts.length;
  const most = Math.max(...counts);
  size = Math.round(Math.max(22, Math.min(LARGEST, 0.6 * pitch)));
  const rows = Math.max(size + 6, Math.min(62, 1.25 * size));
  const height = most * rows + 34;
  diagram().style.height = `${height}px`;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("aria-hidden", "true");
  const middle = (count, index) => 30 + rows * (index + 0.5 + (most - count) / 2);
  nodes = counts.map((count, column) =>
    Array.from({ length: count }, (_, index) => {
      const name = nameOf(column, index, counts.length);
      const canvas = make("canvas", { tabIndex: 0, title: name, ariaLabel: name, role: "button" });
      canvas.setAttribute("role", "button");
      canvas.setAttribute("aria-pressed", "false");
      const [x, y] = [pitch * (column + 0.5), middle(count, index)];
      Object.assign(canvas.style, { left: `${x - size / 2}px`, top: `${y - size / 2}px`,
        width: `${size}px`, height: `${size}px` });
      const node = { canvas, x, y, column, index, name };
      listen(node, chosen);
      return node;
    }));
  lines = nodes.slice(1).map((column, at) =>
    nodes[at].map((from) => column.map((to) => {
      const line = document.createElementNS(SVG, "path");
      const [start, end] = [from.x + size / 2, to.x - size / 2];
      const bend = (end - start) / 2;
      const curve = `C${start + bend} ${from.y} ${end - bend} ${to.y} ${end} ${to.y}`;
      line.setAttribute("d", `M${start} ${from.y}${curve}`);
      line.setAttribute("fill", "none");
      svg.append(line);
      return line;
    })));
  const narrow = pitch < 70;
  const captionOf = (column) => (column === 0 ? "input" : column === counts.length - 1 ? "output"
    : narrow ? column : `layer ${column}`);
  const captions = counts.map((_, column) =>
    make("div", { className: "caption", textContent: captionOf(column) }));
  captions.forEach((caption, column) => { caption.style.left = `${pitch * (column + 0.5)}px`; });
  diagram().replaceChildren(svg, ...captions, ...nodes.flat().map((node) => node.canvas));
  inputPlanes().forEach((bytes, index) => {
    nodes[0][index].bytes = bytes;
    drawPlane(nodes[0][index].canvas, bytes, palette);
  });
}

function listen(node, chosen) {
  const press = () => {
    const pressed = node.canvas.getAttribute("aria-pressed") !== "true";
    for (const each of nodes.flat()) each.canvas.setAttribute("aria-pressed", "false");
    node.canvas.setAttribute("aria-pressed", String(pressed));
    chosen({ pinned: pressed ? node : null });
  };
  node.canvas.addEventListener("click", press);
  node.canvas.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    press();
  });
  node.canvas.addEventListener("pointerenter", () => chosen({ pointed: node }));
  node.canvas.addEventListener("pointerleave", () => chosen({ pointed: null }));
}

export const neuronPalette = () => palette;

// In words, what a neuron is made of.
export function describe(node, look) {
  if (node.column === 0) return `${node.name}: a coordinate of the point.`;
  const { kernel, bias } = look.layers[node.column - 1];
  const number = (value) => (value ?? NaN).toFixed(2).replace("-", "−");
  const weights = kernel.map((row) => number(row[node.index])).join(", ");
  return `${node.name}: weights ${weights}; bias ${number(bias[node.index])}.`;
}
