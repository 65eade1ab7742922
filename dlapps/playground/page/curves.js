// Losses and gradients by step, as curves with a legend that tells where they stand.
"use strict";

import { colour, context } from "./drawing.js";
import { make } from "./elements.js";

const MOST_LOOKS = 600; // That are remembered; beyond, every other is forgotten.

let history = [];

export function forgetCurves() {
  history = [];
}

export function remember(look) {
  if (history.at(-1)?.step === look.step) return;
  const { step, train_loss: train, validation_loss: validation } = look;
  const gradients = look.diagnostics.map((layer) => layer.gradient_norm);
  history.push({ step, train, validation, gradients });
  const last = history.length - 1;
  if (last >= MOST_LOOKS) history = history.filter((_, at) => at % 2 === 0 || at === last);
}

export function showCurves(look) {
  const steps = history.map((each) => each.step);
  const losses = [
    { name: "training", now: look.train_loss, colour: colour("accent"),
      values: history.map((each) => each.train) },
    { name: "validation", now: look.validation_loss, colour: colour("validation"), dash: [5, 3],
      values: history.map((each) => each.validation) },
  ];
  drawCurves(document.getElementById("losses"), steps, losses);
  showLegend("loss-legend", losses);
  const layers = look.diagnostics.map((found, at, { length }) => ({
    name: at === length - 1 ? "output" : `layer ${at + 1}`,
    now: found.gradient_norm,
    note: noteOf(found),
    values: history.map((each) => each.gradients[at]),
    colour: layerColour(at, length),
  }));
  drawCurves(document.getElementById("gradients"), steps, layers, true);
  showLegend("gradients-legend", layers);
}

function noteOf(found) {
  const kinds = ["dead", "saturated"].filter((kind) => found[kind] > 0.005);
  return kinds.map((kind) => ` (${Math.round(100 * found[kind])} % ${kind})`).join("");
}

// From dark to light with depth, as viridis goes, less its palest end.
function layerColour(at, count) {
  const share = count > 1 ? at / (count - 1) : 0;
  return `hsl(${265 - 195 * share} ${55 + 25 * share}% ${42 + 6 * share}%)`;
}

function showLegend(id, curves) {
  document.getElementById(id).replaceChildren(...curves.map((curve) => {
    const key = make("i", { className: "key line" });
    const dashes = `${curve.colour} 0 5px, transparent 5px 8px`;
    key.style.background = curve.dash
      ? `repeating-linear-gradient(to right, ${dashes})` : curve.colour;
    const textContent = Number.isFinite(curve.now) ? curve.now.toPrecision(3) : "–";
    return make("span", {}, key, `${curve.name} `, make("b", { textContent }), curve.note ?? "");
  }));
}

const brief = (value) => Number(value.toPrecision(2)).toString();

// The number 1, 2 or 5 times a power of ten that is next above.
function roundStep(value) {
  const power = 10 ** Math.floor(Math.log10(value || 1));
  return [1, 2, 5, 10].map((times) => times * power).find((step) => step >= value * (1 - 1e-9));
}

const tenTo = (exponent) => (Math.abs(exponent) > 3 ? `1e${exponent}` : brief(10 ** exponent));

// Each {values, colour, dash}; steps are those of all.
function drawCurves(canvas, steps, curves, logarithmic = false) {
  const [drawing, width, height] = context(canvas);
  const isShown = (value) => Number.isFinite(value) && (!logarithmic || value > 0);
  const all = curves.flatMap((curve) => curve.values).filter(isShown);
  if (!all.length) return;
  const scaled = logarithmic ? (value) => Math.log10(Math.max(value, 1e-12)) : (value) => value;
  let low = logarithmic ? Math.floor(scaled(Math.min(...all))) : 0;
  const largest = Math.max(...all);
  const every = logarithmic ? 1 : roundStep(largest / 3);
  let high = logarithmic ? Math.ceil(scaled(largest)) : Math.ceil(largest / every) * every;
  if (high <= low) high = low + 1;
  const [left, top, right, bottom] = [38, 6, width - 8, height - 18];
  const last = Math.max(steps[steps.length - 1], 1);
  const across = (step) => left + (step / last) * (right - left);
  const down = (value) => bottom - ((scaled(value) - low) / (high - low)) * (bottom - top);
  drawing.font = "11px system-ui, sans-serif";
  drawing.fillStyle = colour("pale");
  drawing.strokeStyle = colour("line");
  drawing.lineWidth = 1;
  drawing.textAlign = "right";
  drawing.textBaseline = "middle";
  const apart = logarithmic ? Math.ceil((high - low) / 4) : every;
  for (let mark = low; mark <= high * (1 + 1e-9) + 1e-12; mark += apart) {
    const at = bottom - ((mark - low) / (high - low)) * (bottom - top);
    drawing.beginPath();
    drawing.moveTo(left, at);
    drawing.lineTo(right, at);
    drawing.stroke();
    drawing.fillText(logarithmic ? tenTo(mark) : brief(mark), left - 5, at);
  }
  drawing.textBaseline = "alphabetic";
  drawing.textAlign = "left";
  drawing.fillText("0", left, height - 4);
  drawing.textAlign = "right";
  drawing.fillText(`step ${last.toLocaleString("en")}`, right, height - 4);
  drawing.lineWidth = 1.8;
  drawing.lineJoin = "round";
  for (const curve of curves) {
    drawing.strokeStyle = curve.colour;
    drawing.setLineDash(curve.dash || []);
    drawing.beginPath();
    curve.values.forEach((value, index) => {
      if (Number.isFinite(value)) drawing.lineTo(across(steps[index]), down(value));
    });
    drawing.stroke();
  }
  drawing.setLineDash([]);
}
