// The settings as a form, as the document that is sent, and as the part of a link after its #.
"use strict";

import { context, drawPoints } from "./drawing.js";
import { make } from "./elements.js";
import { drawn, setDrawn, switchPencil } from "./pencil.js";

const DRAWN = "drawn"; // In place of the name of generated points.
const SCRIBBLE = Array.from({ length: 16 }, (_, at) => {
  const [across, label] = [(at % 8) - 3.5, Math.floor(at / 8)];
  return [1.4 * across, 2.2 * Math.sin(across) + (label ? 2 : -2), label];
}); // What stands for drawn points before there are any.

const form = () => document.getElementById("settings");
const fields = () => [...form().elements].filter((each) => each.name && each.type !== "radio");

let choices;
let widths = [];

// Fills the form with what there is to choose; `changed` hears of every change of a person's.
export function buildForm(offered, changed) {
  choices = offered;
  for (const [name, options] of Object.entries(choices.names)) {
    const select = form().elements[name];
    const option = (value, textContent) => make("option", { value, textContent });
    if (name === "kernels.initializer") select.append(option("", "Keras' own"));
    select.append(...options.map((each) => option(each, each.replaceAll("_", " "))));
  }
  document.getElementById("data").replaceChildren(
    ...[...Object.keys(choices.points), DRAWN].map((name) => {
      const radio = make("input", { type: "radio", name: "data.name", value: name });
      radio.addEventListener("change", () => {
        form().elements["data.noise"].value = choices.points[name]?.noise ?? 0;
        tellValues();
        // On a phone the plane to draw on is far from here.
        if (name === DRAWN) document.getElementById("output").scrollIntoView({ block: "nearest" });
      });
      return make("label", {}, radio, make("canvas", {}), make("span", { textContent: name }));
    }),
  );
  form().addEventListener("input", tellValues);
  form().addEventListener("change", changed);
  // The activation stands with the network, outside of the form that it belongs to.
  form().elements["model.activation"].addEventListener("change", changed);
  form().addEventListener("submit", (event) => event.preventDefault());
  const resized = (by) => () => {
    widths = by > 0 ? [...widths, widths.at(-1) || 4] : widths.slice(0, -1);
    showWidths(changed);
    changed();
  };
  document.getElementById("add").addEventListener("click", resized(1));
  document.getElementById("remove").addEventListener("click", resized(-1));
  drawThumbnails();
}

export function drawThumbnails() {
  for (const label of document.querySelectorAll("#data label")) {
    const points = choices.points[label.querySelector("input").value]?.examples ?? SCRIBBLE;
    const [drawing, width] = context(label.querySelector("canvas"));
    drawPoints(drawing, width, points, points.map((each) => each[2]), [-6.5, 6.5, -6.5, 6.5], 1.6);
  }
}

function showWidths(changed) {
  offerWeights();
  const group = document.getElementById("widths");
  const focused = document.activeElement?.dataset?.key;
  group.replaceChildren(
    ...widths.map((width, layer) => {
      const button = (text, by, what) => {
        const made = make("button", { type: "button", textContent: text,
          ariaLabel: `${what} neuron in layer ${layer + 1}`,
          disabled: width + by < 1 || width + by > choices.most_neurons });
        made.dataset.key = `${layer}${text}`;
        made.addEventListener("click", () => {
          widths = widths.map((each, at) => (at === layer ? each + by : each));
          showWidths(changed);
          changed();
        });
        return made;
      };
      const count = make("span", { textContent: width, title: `neurons in layer ${layer + 1}` });
      return make("div", { className: "width" },
        button("−", -1, "One less"), count, button("+", 1, "One more"));
    }),
  );
  if (focused) group.querySelector(`[data-key="${focused}"]`)?.focus();
  document.getElementById("add").disabled = widths.length >= choices.most_layers;
  document.getElementById("remove").disabled = !widths.length;
}

// Every weight of a kernel is offered for the surface, by layer and the neurons it joins.
function offerWeights() {
  const sizes = [2, ...widths, 2];
  const counted = (count) => Array.from({ length: count }, (_, at) => at + 1);
  const options = sizes.slice(1).flatMap((size, at) => counted(sizes[at]).flatMap((from) =>
    counted(size).map((to) => [`${at + 1}:${from}:${to}`, weightName(at, from, to)])));
  for (const [name, otherwise] of [["surface.first", 0], ["surface.second", widths[0] ?? 2]]) {
    const select = form().elements[name];
    const before = select.value;
    select.replaceChildren(...options.map(([value, textContent]) =>
      make("option", { value, textContent })));
    const isThere = options.some(([value]) => value === before);
    select.value = isThere ? before : options[otherwise][0];
  }
}

function weightName(at, from, to) {
  const source = at ? `layer ${at}, neuron ${from}` : `input x${from}`;
  const target = at === widths.length ? `class ${to - 1}` : `layer ${at + 1}, neuron ${to}`;
  return `${source} → ${target}`;
}

function tellValues() {
  for (const output of form().querySelectorAll("output")) {
    output.textContent = form().elements[output.dataset.for].value;
  }
  const optimizer = form().elements["training.optimizer.name"].value;
  const isDrawn = form().elements["data.name"].value === DRAWN;
  for (const each of form().querySelectorAll("[data-only]")) {
    each.hidden = ![optimizer, isDrawn ? "drawn" : "generated"].includes(each.dataset.only);
  }
  switchPencil(isDrawn);
}

// Puts flat settings, by dotted name, into the form; what is not said is as by default.
export function showSettings(said, changed) {
  const settings = { ...flat(choices.defaults), ...said };
  widths = settings["model.widths"];
  showWidths(changed);
  for (const field of fields()) {
    field.value = settings[field.name] ?? (field.name === "data.noise"
      ? choices.points[settings["data.name"]]?.noise ?? 0 : field.type === "range" ? 0 : "");
  }
  for (const radio of form().querySelectorAll("[type=radio]")) {
    radio.checked = radio.value === settings["data.name"];
  }
  setDrawn(settings["data.drawn"] ?? []);
  tellValues();
}

// What the form says, by dotted name, without what is left to its default.
export function formSettings() {
  const settings = { "model.widths": widths };
  const points = form().elements["data.name"].value;
  if (points) settings["data.name"] = points;
  if (points === DRAWN) settings["data.drawn"] = drawn();
  for (const field of fields()) {
    const isNumber = field.type === "number" || field.type === "range";
    if (field.closest("[hidden]")) continue;
    if (field.value !== "") settings[field.name] = isNumber ? Number(field.value) : field.value;
    // A number that is none is sent, so that it is refused by name.
    else if (field.type === "number") settings[field.name] = null;
  }
  if (!settings["training.optimizer.momentum"]) delete settings["training.optimizer.momentum"];
  return settings;
}

export function nested(settings) {
  const document = {};
  for (const [name, value] of Object.entries(settings)) {
    const parts = name.split(".");
    const key = parts.pop();
    let place = document;
    for (const part of parts) place = place[part] ??= {};
    place[key] = value;
  }
  return document;
}

function flat(document, prefix = "") {
  return Object.assign({}, ...Object.entries(document).map(([name, value]) =>
    value && typeof value === "object" && !Array.isArray(value)
      ? flat(value, `${prefix}${name}.`) : { [prefix + name]: value }));
}

export function toFragment(settings) {
  const entries = Object.entries(settings).map(([name, value]) =>
    [name, name === "data.drawn" ? value.join(";") : String(value ?? "")]);
  // Commas and semicolons may stand in a fragment, where they are easier to read.
  const text = new URLSearchParams(entries).toString();
  return `#${text.replaceAll("%2C", ",").replaceAll("%3B", ";")}`;
}

export function fromFragment(fragment) {
  const said = Object.fromEntries(new URLSearchParams(fragment.slice(1)));
  const listed = (name, mark) => said[name].split(mark).filter(Boolean);
  if ("model.widths" in said) said["model.widths"] = listed("model.widths", ",").map(Number);
  if ("data.drawn" in said) {
    said["data.drawn"] = listed("data.drawn", ";").map((point) => point.split(",").map(Number));
  }
  return said;
}

export function markWrong(name) {
  for (const field of fields()) {
    field.classList.toggle("wrong", field.name === name);
    field.setAttribute("aria-invalid", String(field.name === name));
  }
}
