// The page: settings that make a network, the buttons that train it, and what is seen of it.
"use strict";

import { forgetCurves, remember, showCurves } from "./curves.js";
import {
  boundaryColour, bytesOf, context, drawPlane, drawPoints, ramp, readColours,
} from "./drawing.js";
import { make } from "./elements.js";
import {
  buildForm, drawThumbnails, formSettings, fromFragment, markWrong, nested, showSettings,
  toFragment,
} from "./form.js";
import { drawn, listenPencil, pencilAt } from "./pencil.js";
import { forgetSurface, redrawSurface, showSurface } from "./surface.js";
import { describe, drawNetwork, forgetNetwork, neuronPalette } from "./network.js";

const MILLISECONDS_BETWEEN_LOOKS = 90;
const MILLISECONDS_OF_CHANGE = 250;
const byId = (id) => document.getElementById(id);

let extent; // Left, right, bottom and top of the plane.
let network = null; // {name, points, csv} of the one that is watched.
let look = null;
let pinned = null;
let pointed = null;
let resets = 0;
let pending = 0; // The timer of a reset that is to come.

function say(text, isWrong = false) {
  if (byId("status").textContent !== text) byId("status").textContent = text;
  byId("status").classList.toggle("wrong", isWrong);
}

// What a browser throws where nobody answers is a TypeError.
function sayWrong(error) {
  const isGone = error instanceof TypeError;
  say(isGone ? "The playground does not answer. Is it still running?" : error.message, true);
}

async function ask(address, method = "GET", body = undefined) {
  const response = await fetch(address, { method, body: body && JSON.stringify(body),
    headers: body && { "content-type": "application/json" } });
  if (response.status === 204) return null;
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error(answer.error), { field: answer.field });
  return answer;
}

// Lets go of the network there is.
function leave() {
  if (network) ask(`networks/${network.name}`, "DELETE").catch(() => {});
  network = null;
  enable(false);
}

// Makes a network as the settings say, in place of the one there is.
async function reset(settings) {
  const number = ++resets;
  clearTimeout(pending);
  leave();
  window.history.replaceState(null, "", toFragment(settings));
  markWrong("");
  say("Building the network …");
  try {
    const begun = await ask("networks", "POST", nested(settings));
    if (number !== resets) return void ask(`networks/${begun.name}`, "DELETE").catch(() => {});
    network = begun;
    byId("beside").hidden = byId("download-points").hidden = !begun.csv;
    forgetCurves();
    forgetSurface();
    pinned = pointed = null;
    forgetNetwork();
    watch(begun);
  } catch (error) {
    if (number !== resets) return;
    markWrong(error.field);
    if (isDrawing()) drawRegions();
    sayWrong(error);
  }
}

const resetFromForm = () => reset(formSettings());

// What changes often, such as a number that is counted up, makes one network and not many.
function resetSoon() {
  resets++;
  leave();
  clearTimeout(pending);
  pending = setTimeout(resetFromForm, MILLISECONDS_OF_CHANGE);
}

// Asks for one look after the other as long as this is the network to be seen.
async function watch(watched) {
  let number = 0;
  try {
    while (watched === network) {
      const answer = await ask(`networks/${watched.name}?after=${number}`);
      if (watched !== network) return;
      if (answer.number !== number) show(answer);
      number = answer.number;
      await new Promise((done) => setTimeout(done, MILLISECONDS_BETWEEN_LOOKS));
    }
  } catch (error) {
    if (watched !== network) return;
    enable(false);
    sayWrong(error);
  }
}

function enable(can) {
  for (const id of ["run", "step", "draw-surface"]) byId(id).disabled = !can;
}

function show(answer) {
  look = answer;
  enable(!look.outcome);
  byId("run").textContent = look.is_running ? "Pause" : "Start";
  if (look.outcome) say(look.outcome, true);
  else say(look.is_running && !look.step ? "Preparing the first step …" : "");
  if (!look.layers) return;
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  byId("steps").textContent = look.step.toLocaleString("en");
  byId("train-accuracy").textContent = percent(look.train_accuracy);
  byId("validation-accuracy").textContent = percent(look.validation_accuracy);
  byId("yaml").textContent = look.yaml;
  remember(look);
  draw();
}

function draw() {
  drawNetwork(look, choose);
  drawRegions();
  showCurves(look);
}

function drawRegions() {
  const canvas = byId("regions");
  const neuron = network && (pointed || pinned);
  byId("output-title").textContent = neuron ? neuron.name : "Decision regions";
  byId("neuron").textContent = neuron ? describe(neuron, look)
    : "Point at a neuron, or press it, to see its plane in large and its weights.";
  if (!network) context(canvas); // Blank, for points that are too few for a network.
  else if (neuron) drawPlane(canvas, neuron.bytes, neuronPalette());
  else drawPlane(canvas, bytesOf(look.regions), ramp("class-0", "class-1", 0.62), boundaryColour());
  const drawing = canvas.getContext("2d");
  const size = canvas.clientWidth;
  if (isDrawing()) {
    drawPoints(drawing, size, drawn(), drawn().map((each) => each[2]), extent, 3.6);
    const pencil = pencilAt();
    if (pencil) drawPoints(drawing, size, [pencil], [0], extent, 6, true);
    return;
  }
  const { train, validation } = network.points;
  const radius = train.label.length > 700 ? 2.6 : 3.6;
  drawPoints(drawing, size, train.point, train.label, extent, radius);
  if (byId("held-out").checked) {
    drawPoints(drawing, size, validation.point, validation.label, extent, radius, true);
  }
}

const isDrawing = () => !byId("pencil").hidden;

function choose(change) {
  if ("pinned" in change) pinned = change.pinned;
  if ("pointed" in change) pointed = change.pointed;
  if (look?.layers) drawRegions();
}

async function pace(steps) {
  if (!network) return;
  const speed = Number(byId("speed").value) || null;
  try {
    await ask(`networks/${network.name}`, "POST", { steps, steps_per_second: speed });
  } catch (error) {
    sayWrong(error);
  }
}

// What the surface is of stands in the link, but makes no other network.
async function askSurface() {
  const settings = formSettings();
  window.history.replaceState(null, "", toFragment(settings));
  markWrong("");
  const asked = network;
  byId("draw-surface").disabled = true;
  try {
    const wanted = nested(settings).surface;
    const found = await ask(`networks/${asked.name}/surface`, "POST", wanted);
    if (asked === network) showSurface(found, wanted);
  } catch (error) {
    if (asked !== network) return;
    markWrong(error.field);
    sayWrong(error);
  } finally {
    byId("draw-surface").disabled = !network;
  }
}

async function copy(button, text) {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "The browser forbids it";
  }
  setTimeout(() => { button.textContent = before; }, 1500);
}

function listen() {
  byId("run").addEventListener("click", () => pace(look?.is_running ? 0 : null));
  byId("step").addEventListener("click", () => pace(1));
  byId("reset").addEventListener("click", resetFromForm);
  byId("draw-surface").addEventListener("click", askSurface);
  byId("speed").addEventListener("change", () => { if (look?.is_running) pace(null); });
  byId("held-out").addEventListener("change", () => look?.layers && drawRegions());
  const copies = (id, text) =>
    byId(id).addEventListener("click", (event) => copy(event.target, text()));
  copies("copy-link", () => location.href);
  copies("copy-command", () => byId("command").textContent);
  const offer = (id, type, text) => byId(id).addEventListener("click", (event) => {
    event.currentTarget.href = `data:${type};charset=utf-8,${encodeURIComponent(text())}`;
  });
  offer("download", "text/yaml", () => byId("yaml").textContent);
  offer("download-points", "text/csv", () => network.csv);
  listenPencil(extent, drawRegions, resetSoon);
  const redraw = () => {
    readColours();
    forgetNetwork();
    drawThumbnails();
    redrawSurface();
    if (look?.layers && network) draw();
  };
  window.addEventListener("resize", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  window.addEventListener("hashchange", showLink);
  window.addEventListener("pagehide", () => {
    if (network) fetch(`networks/${network.name}`, { method: "DELETE", keepalive: true });
  });
}

function showLink() {
  const said = fromFragment(location.hash);
  showSettings(said, resetSoon);
  // What a link says and no field can show is sent too, to be refused by name.
  const shown = Object.entries(formSettings()).filter(([, value]) => value !== null);
  reset({ ...said, ...Object.fromEntries(shown) });
}

readColours();
const choices = await ask("choices");
extent = choices.extent;
buildForm(choices, resetSoon);
listen();
showLink();
