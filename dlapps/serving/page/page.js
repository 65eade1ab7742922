// The page: a model, one of its questions as a form, and the answer; all of it from model.json.
"use strict";

import { EDITORS, canAsk } from "./editors.js";
import { make } from "./elements.js";
import { explanationOf, explanationView } from "./explanation.js";
import { VIEWS, anyView } from "./views.js";

const byId = (id) => document.getElementById(id);

let models = [];
let inputs = {}; // By name: a function that promises what is sent for it.

function say(text, isWrong = false) {
  byId("status").textContent = text;
  byId("status").classList.toggle("wrong", isWrong);
}

const model = () => models[byId("model").selectedIndex];
const question = () => byId("signature").value;

function askable(signatures) {
  return Object.keys(signatures).filter((name) =>
    Object.values(signatures[name].inputs).every(canAsk),
  );
}

function chooseModel() {
  leaveInputs();
  const names = model().problem ? [] : askable(model().signatures);
  // The default often repeats another signature, which has a name of its own.
  byId("signature").replaceChildren(
    ...names.map((name) => make("option", { value: name, textContent: name })),
  );
  byId("signature").closest("label").hidden = names.length < 2;
  byId("ask").disabled = !names.length;
  byId("answer").replaceChildren();
  byId("inputs").replaceChildren();
  if (names.length) chooseQuestion();
  else say(model().problem || "Only programs can ask it: it takes what no form can.", true);
}

// What is on its way in a form, such as a recording, ends with it.
function leaveInputs() {
  inputs = {};
  for (const each of byId("inputs").children) each.dispatchEvent(new Event("leave"));
}

function chooseQuestion() {
  leaveInputs();
  byId("answer").replaceChildren();
  say("");
  const tensors = model().signatures[question()].inputs;
  byId("inputs").replaceChildren(
    ...Object.entries(tensors).map(([name, tensor]) => {
      const place = make(
        "fieldset",
        {},
        make("legend", { textContent: name }),
        make("p", { className: "hint", textContent: tensor.description }),
      );
      inputs[name] = EDITORS[tensor.kind](place, tensor, name);
      return place;
    }),
  );
}

async function ask(event) {
  event.preventDefault();
  const [asked, signature] = [model(), question()];
  byId("ask").disabled = true;
  try {
    const row = {};
    for (const [name, value] of Object.entries(inputs)) row[name] = await value();
    say("Asking ...");
    const began = performance.now();
    const first = await answerOf(asked, signature, row);
    if (asked !== model() || signature !== question()) return; // Another one was chosen meanwhile.
    const outputs = asked.signatures[signature].outputs;
    const image = await imageIn(asked.signatures[signature].inputs, row);
    showAnswer(outputs, first, image);
    showExplanation(asked, signature, row, image);
    say(
      `${asked.name}, version ${asked.version}, answered in ${Math.round(performance.now() - began)} ms.`,
    );
  } catch (error) {
    byId("answer").replaceChildren();
    say(error.message, true);
  } finally {
    byId("ask").disabled = !Object.keys(inputs).length;
  }
}

// The outputs of a signature for one row, by name.
async function answerOf(asked, signature, row) {
  const response = await fetch(`v1/models/${encodeURIComponent(asked.name)}:predict`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ signature_name: signature, instances: [row] }),
  });
  const document = parsed(await response.text());
  if (!response.ok) throw new Error(document.error || `The server answered ${response.status}.`);
  const [first] = document.predictions;
  const names = Object.keys(asked.signatures[signature].outputs);
  return names.length === 1 ? { [names[0]]: first } : first;
}

// The document; NaN and Infinity, which JSON lacks, are numbers, too.
function parsed(text) {
  const quoted = text.replace(/"(?:[^"\\]|\\.)*"|NaN|-?Infinity/g, (part) =>
    part[0] === '"' ? part : `"\\u0000${part}"`,
  );
  const number = (_, value) =>
    typeof value === "string" && value[0] === "\0" ? Number(value.slice(1)) : value;
  try {
    return JSON.parse(quoted, number);
  } catch {
    return { error: "The server's answer cannot be read." };
  }
}

// The image among what was sent, to lay a mask over; null where there is none.
async function imageIn(tensors, row) {
  const name = Object.keys(tensors).find((each) => tensors[each].kind === "image_file");
  if (!name) return null;
  const bytes = Uint8Array.from(atob(row[name].b64), (character) => character.charCodeAt(0));
  return createImageBitmap(new Blob([bytes]), { imageOrientation: "none" }).catch(() => null);
}

function showAnswer(outputs, values, image) {
  const hasView = (name) => Number(outputs[name].kind in VIEWS);
  const order = Object.keys(outputs).sort((a, b) => hasView(b) - hasView(a));
  const figures = order.map((name) => {
    const view = (VIEWS[outputs[name].kind] || anyView)(values[name], outputs[name], image);
    const caption = `${name}: ${outputs[name].description}`;
    return view && make("figure", {}, make("figcaption", { textContent: caption }), view);
  });
  byId("answer").replaceChildren(...figures.filter(Boolean));
}

function showExplanation(asked, signature, row, image) {
  const name = explanationOf(asked.signatures, signature);
  if (!name) return;
  const { inputs, outputs } = asked.signatures[name];
  const index = Object.keys(inputs).find((each) => inputs[each].kind === "class_index");
  const answered = Object.values(asked.signatures[signature].outputs);
  const classes = answered.find((tensor) => tensor.kind === "class_probabilities")?.names ?? [];
  byId("answer").append(
    explanationView(outputs, classes, image, (chosen) =>
      answerOf(asked, name, { ...row, [index]: chosen }),
    ),
  );
}

async function start() {
  byId("model").addEventListener("change", chooseModel);
  byId("signature").addEventListener("change", chooseQuestion);
  byId("question").addEventListener("submit", ask);
  const response = await fetch("page/models.json");
  models = await response.json();
  byId("model").replaceChildren(
    ...models.map((each) => make("option", { textContent: each.name })),
  );
  if (models.length) chooseModel();
  else {
    byId("ask").disabled = true;
    say("No model is served yet. Reload the page when one is.", true);
  }
}

start().catch((error) => say(`The models cannot be listed: ${error.message}`, true));
