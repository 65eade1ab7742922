// What a model takes: for each kind, an editor is made inside `place`, and a function returned that
// promises the value to send.
"use strict";

import { make } from "./elements.js";

const MOST_NUMBERS = 64; // More sliders nobody moves.
const PAD = 280; // Pixels of the drawing pad, each way.

export const EDITORS = {
  image_file: imageEditor,
  wav_file: soundEditor,
  sentence: textEditor,
  text: textEditor,
  seed: (place, tensor, name) =>
    numbersEditor(place, { ...tensor, shape: [null], dtype: "int64" }, name),
  point: numbersEditor,
  observation: numbersEditor,
  numbers: numbersEditor,
};

export function canAsk(tensor) {
  if (!EDITORS[tensor.kind]) return false;
  const sizes = tensor.shape.slice(1);
  const isKnown = sizes.length <= 1 && sizes.every((size) => size !== null && size <= MOST_NUMBERS);
  return tensor.dtype === "string" ? sizes.length === 0 : isKnown;
}

function textEditor(place, tensor, name) {
  const examples = tensor.examples || [];
  const area = make("textarea", { rows: 3, value: examples[examples.length - 1] || "" });
  area.setAttribute("aria-label", name);
  place.append(area);
  if (examples.length > 1) {
    place.append(
      make(
        "div",
        { className: "row" },
        ...examples.map((example) =>
          make("button", {
            type: "button",
            textContent: example,
            onclick: () => {
              area.value = example;
            },
          }),
        ),
      ),
    );
  }
  return async () => area.value;
}

function numbersEditor(place, tensor, name) {
  const size = tensor.shape[1];
  const fields = Array.from({ length: size ?? 1 }, (_, i) => numberField(place, tensor, name, i));
  return async () => {
    const numbers = fields.map((field) => field.valueAsNumber);
    if (numbers.some(Number.isNaN)) throw new Error(`${name}: a number is missing.`);
    return size === undefined ? numbers[0] : numbers;
  };
}

function numberField(place, tensor, name, index) {
  const bound = (bounds, otherwise) =>
    bounds ? bounds[Math.min(index, bounds.length - 1)] : otherwise;
  const isWhole = /^u?int/.test(tensor.dtype);
  const [low, high] = [bound(tensor.low, isWhole ? 0 : -3), bound(tensor.high, isWhole ? 100 : 3)];
  const label = tensor.names
    ? tensor.names[index]
    : tensor.shape.length > 1
      ? `${name} ${index}`
      : name;
  const value = isWhole ? 7 : (low + high) / 2;
  const step = isWhole ? 1 : "any";
  const field = make("input", {
    type: "number",
    step,
    value,
    id: `${name}-${index}`,
    required: true,
  });
  const slider = make("input", {
    type: "range",
    min: low,
    max: high,
    step: isWhole ? 1 : (high - low) / 200,
    value,
  });
  slider.setAttribute("aria-label", `${label}, roughly`);
  slider.addEventListener("input", () => {
    field.value = slider.value;
  });
  field.addEventListener("input", () => {
    slider.value = field.value;
  });
  const caption = make("label", { htmlFor: field.id, textContent: label });
  place.append(make("div", { className: "number" }, caption, slider, field));
  return field;
}

function filePicker(place, tensor, name, take) {
  const picker = make("input", { type: "file", accept: tensor.suffixes.join(",") });
  picker.setAttribute("aria-label", `${name}: choose a file`);
  const zone = make(
    "div",
    { className: "drop" },
    make("p", { className: "hint", textContent: "Drop a file here, or choose one:" }),
    picker,
  );
  picker.addEventListener("change", () => {
    if (picker.files[0]) take(picker.files[0]);
  });
  for (const type of ["dragenter", "dragover"]) {
    zone.addEventListener(type, (event) => {
      event.preventDefault();
      zone.classList.add("over");
    });
  }
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    if (event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
  });
  place.append(zone);
}

async function base64(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000)
    text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return { b64: btoa(text) };
}

function imageEditor(place, tensor, name) {
  let chosen = null; // A promise of a blob.
  const preview = make("img", { className: "preview", alt: "The chosen image", hidden: true });
  filePicker(place, tensor, name, (file) => {
    chosen = Promise.resolve(file);
    URL.revokeObjectURL(preview.src);
    preview.src = URL.createObjectURL(file);
    preview.hidden = false;
  });
  const isGrey = tensor.channels === 1;
  const pad = drawingPad(isGrey, (isDrawn) => {
    preview.hidden = true;
    chosen = isDrawn ? new Promise((resolve) => pad.canvas.toBlob(resolve, "image/png")) : null;
  });
  const title = make("summary", { textContent: "Or draw one" });
  place.append(preview, make("details", { open: isGrey }, title, pad.canvas, pad.tools));
  return async () => {
    if (!chosen) throw new Error(`${name}: choose or draw an image first.`);
    return base64(await chosen);
  };
}

// `onChange` is told of each stroke, and of the pad's being cleared.
function drawingPad(isDark, onChange) {
  const canvas = make("canvas", { className: "pad", width: PAD, height: PAD });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "Drawing pad, for a mouse, a pen or a finger");
  const context = canvas.getContext("2d");
  const paper = make("input", { type: "checkbox", checked: isDark });
  const width = make("input", { type: "range", min: 4, max: 48, value: 26 });
  const clear = () => {
    context.fillStyle = paper.checked ? "black" : "white";
    context.fillRect(0, 0, PAD, PAD);
    onChange(false);
  };
  paper.addEventListener("change", clear);
  followPen(canvas, context, () => [width.value, paper.checked ? "white" : "black"], onChange);
  const tools = make(
    "div",
    { className: "row" },
    make("button", { type: "button", textContent: "Clear", onclick: clear }),
    make("label", {}, "Pen ", width),
    make("label", {}, paper, " white on black"),
  );
  clear();
  return { canvas, tools };
}

function followPen(canvas, context, pen, onChange) {
  let last = null;
  const scale = (place, size) => (place * PAD) / size;
  const draw = (event) => {
    const next = [
      scale(event.offsetX, canvas.clientWidth),
      scale(event.offsetY, canvas.clientHeight),
    ];
    const [lineWidth, strokeStyle] = pen();
    Object.assign(context, { lineWidth, strokeStyle, lineCap: "round" });
    context.beginPath();
    context.moveTo(...(last || next));
    context.lineTo(...next);
    context.stroke();
    last = next;
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    draw(event);
  });
  canvas.addEventListener("pointermove", (event) => last && draw(event));
  const end = () => {
    if (last) onChange(true);
    last = null;
  };
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
}

function soundEditor(place, tensor, name) {
  let chosen = null;
  const player = make("audio", { controls: true, hidden: true });
  const take = (blob) => {
    chosen = blob;
    URL.revokeObjectURL(player.src);
    player.src = URL.createObjectURL(blob);
    player.hidden = false;
  };
  filePicker(place, { suffixes: ["audio/*", ...tensor.suffixes] }, name, take);
  if (navigator.mediaDevices && window.MediaRecorder) place.append(recorder(take));
  place.append(player);
  return async () => {
    if (!chosen) throw new Error(`${name}: choose or record a sound first.`);
    return base64(await asWav(chosen, tensor.sample_rate));
  };
}

function recorder(take) {
  let recording = null;
  const button = make("button", { type: "button", textContent: "Record" });
  button.addEventListener("click", async () => {
    if (recording) return recording.stop();
    button.disabled = true; // Until the microphone is granted.
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      if (!button.isConnected) return stream.getTracks().forEach((track) => track.stop());
      button.closest("fieldset").addEventListener("leave", () => recording?.stop());
      const parts = [];
      recording = new MediaRecorder(stream);
      recording.addEventListener("dataavailable", (event) => parts.push(event.data));
      recording.addEventListener("stop", () => {
        stream.getTracks().forEach((track) => track.stop());
        take(new Blob(parts, { type: recording.mimeType }));
        recording = null;
        button.textContent = "Record";
      });
      recording.start();
      button.textContent = "Stop";
    } catch (error) {
      button.textContent = `Record (the microphone cannot be used: ${error.message})`;
    } finally {
      button.disabled = false;
    }
  });
  return make("div", { className: "row" }, button);
}

// Any sound that the browser can read, as the 16-bit PCM that models take.
async function asWav(blob, rate) {
  const context = new OfflineAudioContext(1, 1, rate);
  const sound = await context.decodeAudioData(await blob.arrayBuffer()).catch(() => {
    throw new Error("This sound cannot be read.");
  });
  const view = new DataView(new ArrayBuffer(44 + 2 * sound.length));
  const words = [
    [0, 0x52494646],
    [8, 0x57415645],
    [12, 0x666d7420],
    [36, 0x64617461],
  ]; // RIFF WAVE fmt data
  words.forEach(([place, word]) => view.setUint32(place, word));
  [
    [4, 36 + 2 * sound.length],
    [16, 16],
    [24, rate],
    [28, 2 * rate],
    [40, 2 * sound.length],
  ].forEach(([place, value]) => view.setUint32(place, value, true));
  [
    [20, 1],
    [22, 1],
    [32, 2],
    [34, 16],
  ].forEach(([place, value]) => view.setUint16(place, value, true));
  const channels = Array.from({ length: sound.numberOfChannels }, (_, i) =>
    sound.getChannelData(i),
  );
  for (let i = 0; i < sound.length; i++) {
    const mean = channels.reduce((sum, channel) => sum + channel[i], 0) / channels.length;
    view.setInt16(44 + 2 * i, Math.max(-1, Math.min(1, mean)) * 32767, true);
  }
  return new Blob([view], { type: "audio/wav" });
}
