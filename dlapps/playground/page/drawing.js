// Pictures of planes and points on a canvas, in the colours of the page.
"use strict";

let colours = {};

export function readColours() {
  const style = getComputedStyle(document.documentElement);
  const names = ["ink", "pale", "line", "panel", "zero", "negative", "positive", "class-0",
    "class-1", "edge", "boundary", "accent", "validation"];
  const valueOf = (name) => style.getPropertyValue(`--${name}`).trim();
  colours = Object.fromEntries(names.map((name) => [name, valueOf(name)]));
}

export const colour = (name) => colours[name];

const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

// 256 colours from one through the middle to another, for values of one byte.
export function ramp(low, high, strength = 1) {
  const [from, middle, to] = [low, "zero", high].map((name) => channels(colours[name]));
  return Array.from({ length: 256 }, (_, value) => {
    const far = Math.min(1, Math.abs(value - 127.5) / 127.5) * strength;
    const end = value < 127.5 ? from : to;
    return middle.map((each, at) => Math.round(each + far * (end[at] - each)));
  });
}

export function bytesOf(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

// The context of a canvas that has as many pixels as it takes on the screen.
export function context(canvas) {
  const scale = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const pixels = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== pixels[0] || canvas.height !== pixels[1]) {
    [canvas.width, canvas.height] = pixels;
  }
  const drawing = canvas.getContext("2d");
  drawing.setTransform(scale, 0, 0, scale, 0, 0);
  drawing.clearRect(0, 0, width, height);
  return [drawing, width, height];
}

const scratch = document.createElement("canvas");

// A plane of bytes, in rows from the lowest upward, over the whole canvas.
export function drawPlane(canvas, bytes, palette, boundary = null) {
  const side = Math.sqrt(bytes.length);
  // Finer than what is known where a boundary is drawn, so that it is a line and no staircase.
  const fine = boundary ? 4 * (side - 1) + 1 : side;
  const values = boundary ? refined(bytes, side, fine) : bytes;
  scratch.width = scratch.height = fine;
  const drawing = scratch.getContext("2d");
  const image = drawing.createImageData(fine, fine);
  for (let row = 0; row < fine; row++) {
    for (let column = 0; column < fine; column++) {
      const value = values[row * fine + column];
      const at = 4 * ((fine - 1 - row) * fine + column);
      const right = column + 1 < fine ? values[row * fine + column + 1] : value;
      const above = row + 1 < fine ? values[(row + 1) * fine + column] : value;
      const side = value >= 127.5;
      const onBoundary = boundary && (side !== right >= 127.5 || side !== above >= 127.5);
      const [red, green, blue] = onBoundary ? boundary : palette[Math.round(value)];
      image.data.set([red, green, blue, 255], at);
    }
  }
  drawing.putImageData(image, 0, 0);
  const [target, width, height] = context(canvas);
  target.imageSmoothingQuality = "high";
  target.drawImage(scratch, 0, 0, width, height);
}

export const boundaryColour = () => channels(colours.boundary);

function refined(bytes, side, fine) {
  const values = new Float32Array(fine * fine);
  for (let row = 0; row < fine; row++) {
    const low = Math.min(row >> 2, side - 2);
    const up = row / 4 - low;
    for (let column = 0; column < fine; column++) {
      const left = Math.min(column >> 2, side - 2);
      const along = column / 4 - left;
      const at = low * side + left;
      const below = bytes[at] + along * (bytes[at + 1] - bytes[at]);
      const above = bytes[at + side] + along * (bytes[at + side + 1] - bytes[at + side]);
      values[row * fine + column] = below + up * (above - below);
    }
  }
  return values;
}

// Points as circles and squares, so that their class is not said by colour alone.
export function drawPoints(drawing, size, points, labels, extent, radius, hollow = false) {
  const [left, right, bottom, top] = extent;
  drawing.lineWidth = Math.max(0.6, radius / 3.2);
  points.forEach(([x, y], index) => {
    const across = ((x - left) / (right - left)) * size;
    const down = ((top - y) / (top - bottom)) * size;
    const own = colours[`class-${labels[index]}`];
    drawing.beginPath();
    if (labels[index]) {
      drawing.rect(across - 0.9 * radius, down - 0.9 * radius, 1.8 * radius, 1.8 * radius);
    } else drawing.arc(across, down, radius, 0, 2 * Math.PI);
    drawing.fillStyle = hollow ? colours.edge : own;
    drawing.strokeStyle = hollow ? own : colours.edge;
    drawing.fill();
    drawing.stroke();
  });
}
