// The settings as a form, as the document that is sent, and as the part of a link after its #.
"use strict";

import { colour, drawPoints, context } from "./drawing.js";
import { make } from "./elements.js";

const form = () => document.getElementById("settings");
const fields = () => [...form().elements].filter((each) => each.name && each.type !== "radio");

let choices;
let widths = [];

// Fills the form with what there is to choose; `changed` hears of every change of a person's.
export function buildForm(offered, changed) {
  choices = offered;
  for (const [name, options] of Object.entries(choices.names)) {
    const select = form().elements[name];
    if (name === "kernels.initializer") select.append(make("option", { value: "", textContent: "Keras' own" }));
    select.append(...options.map((each) => make("option", { value: each, textContent: each.replaceAll("_", " ") })));
  }
  document.getElementById("data").replaceChildren(
    ...Object.entries(choices.points).map(([name, { noise }]) => {
      const radio = make("input", { type: "radio", name: "data.name", value: name });
      radio.addEventListener("change", () => {
        form().elements["data.noise"].value = noise;
        tellValues();
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
    const points = choices.points[label.querySelector("input").value].examples;
    const [drawing, width] = context(label.querySelector("canvas"));
    drawPoints(drawing, width, points, points.map((each) => each[2]), [-6.5, 6.5, -6.5, 6.5], 1.6);
  }
}

function showWidths(changed) {
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
      return make("div", { className: "width" }, button("−", -1, "One less"),
        make("span", { textContent: width, title: `neurons in layer ${layer + 1}` }), button("+", 1, "One more"));
    }),
  );
  if (focused) group.querySelector(`[data-key="${focused}"]`)?.focus();
  document.getElementById("add").disabled = widths.length >= choices.most_layers;
  document.getElementById("remove").disabled = !widths.length;
}

function tellValues() {
  for (const output of form().querySelectorAll("output")) {
    output.textContent = form().elements[output.dataset.for].value;
  }
  const optimizer = form().elements["training.optimizer.name"].value;
  for (const each of form().querySelectorAll("[data-only]")) {
    each.hidden = each.dataset.only !== optimizer;
  }
}

// Puts flat settings, by dotted name, into the form; what is not said is as by default.
export function showSettings(said, changed) {
  const settings = { ...flat(choices.defaults), ...said };
  for (const field of fields()) {
    field.value = settings[field.name] ?? (field.name === "data.noise"
      ? choices.points[settings["data.name"]]?.noise ?? 0 : field.type === "range" ? 0 : "");
  }
  for (const radio of form().querySelectorAll("[type=radio]")) {
    radio.checked = radio.value === settings["data.name"];
  }
  const list = settings["model.widths"];
  widths = (Array.isArray(list) ? list : String(list).split(",").filter(Boolean)).map(Number);
  showWidths(changed);
  tellValues();
}

// What the form says, by dotted name, without what is left to its default.
export function formSettings() {
  const settings = { "model.widths": widths };
  const points = form().elements["data.name"].value;
  if (points) settings["data.name"] = points;
  for (const field of fields()) {
    const isNumber = field.type === "number" || field.type === "range";
    const isOpen = field.value === "" || field.closest("[hidden]");
    if (!isOpen) settings[field.name] = isNumber ? Number(field.value) : field.value;
    // An empty number is sent as it is, so that the refusal names it.
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
  const entries = Object.entries(settings).map(([name, value]) => [name, String(value ?? "")]);
  return `#${new URLSearchParams(entries).toString().replaceAll("%2C", ",")}`;
}

export function fromFragment(fragment) {
  return Object.fromEntries(new URLSearchParams(fragment.slice(1)));
}

export function markWrong(name) {
  for (const field of fields()) {
    field.classList.toggle("wrong", field.name === name);
    field.setAttribute("aria-invalid", String(field.name === name));
  }
}
