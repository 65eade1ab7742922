// Points that a person draws on the plane, with the mouse, a finger or the keys.
"use strict";

const NEAREST = 0.25; // Between two points of one line, in the plane's unit.
const FARTHEST = 6.7;
const MOST = 1000;
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] };

const byId = (id) => document.getElementById(id);

let points = []; // Each [x, y, class].
let isOn = false;
let cursor = null; // Where the keys have moved the pencil.

export const drawn = () => points;
export const pencilAt = () => (isOn ? cursor : null);

export function setDrawn(given) {
  points = given;
}

export function switchPencil(on) {
  isOn = on;
  cursor = null;
  byId("pencil").hidden = !on;
  byId("held-out-label").hidden = on;
  byId("regions").tabIndex = on ? 0 : -1;
  byId("regions").classList.toggle("drawing", on);
}

const label = () => Number(document.querySelector("#pencil input:checked").value);

function add(x, y) {
  if (Math.max(Math.abs(x), Math.abs(y)) > FARTHEST || points.length >= MOST) return;
  points = [...points, [Number(x.toFixed(2)), Number(y.toFixed(2)), label()]];
}

// `redraw` is called when there is another point, `changed` when a line is at its end.
export function listenPencil([left, right, bottom, top], redraw, changed) {
  const canvas = byId("regions");
  let last = null;
  const draw = (event) => {
    const box = canvas.getBoundingClientRect();
    const x = left + ((event.clientX - box.left) / box.width) * (right - left);
    const y = top - ((event.clientY - box.top) / box.height) * (top - bottom);
    if (last && Math.hypot(x - last[0], y - last[1]) < NEAREST) return;
    last = [x, y];
    add(x, y);
    redraw();
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (!isOn || event.button) return;
    canvas.setPointerCapture(event.pointerId);
    last = cursor = null;
    draw(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (isOn && canvas.hasPointerCapture(event.pointerId)) draw(event);
  });
  canvas.addEventListener("lostpointercapture", () => isOn && changed());
  canvas.addEventListener("keydown", (event) => {
    if (!isOn) return;
    const step = STEPS[event.key];
    const within = (value) => Math.max(-FARTHEST, Math.min(FARTHEST, value));
    cursor ??= [0, 0];
    if (step) cursor = cursor.map((at, axis) => within(at + NEAREST * step[axis]));
    else if (event.key === " ") {
      add(...cursor);
      changed();
    } else return;
    event.preventDefault();
    redraw();
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, select") && event.target.type !== "radio";
    if (!isOn || typing || !["0", "1"].includes(event.key)) return;
    document.querySelector(`#pencil input[value="${event.key}"]`).checked = true;
  });
  byId("erase").addEventListener("click", () => {
    points = [];
    redraw();
    changed();
  });
}
