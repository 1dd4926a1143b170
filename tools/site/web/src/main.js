// The page: an editor, what `check` finds while typing, and the figure of the network.
import examples from "./examples.json";
import built from "./files.json";
import { ComparePanel } from "./compare.js";
import { $, copy, make, save } from "./dom.js";
import { Editor } from "./editor.js";
import { Engine, StoppedError } from "./engine.js";
import { InsertPanel } from "./insert.js";
import { fromFragment, isLink, toFragment } from "./link.js";
import { keepOffline } from "./offline.js";
import { clickable, figure } from "./picture.js";
import words from "./words.json";

const LIMIT = 400_000; // characters; `load` reads no more
const PAUSE = 80; // milliseconds without a keystroke
const BASE = new URL(".", import.meta.url).href;

let language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
let name = "model.yaml";
let state = "loading";
let findings = null;
let timer = 0;
let round = 0;

const word = (key) => words[language][key];
const editor = new Editor($("editor"), word("editor"), LIMIT, changed, large);
const files = { ...built, base: BASE };
const engine = new Engine(files, (next) => { state = next; showState(); });
const page = {
  ask: question, word, draw, large, limit: LIMIT, read: readFile, show: picture,
  text: () => editor.text, name: () => name, language: () => language,
  replace: (text) => editor.replace(text),
};
const inserting = new InsertPanel(page);
const comparing = new ComparePanel(page, examples);
globalThis.playground = { editor, engine }; // for the tests of the page

function changed() {
  performance.mark("edit");
  round += 1;
  inserting.changed(editor.text);
  clearTimeout(timer);
  timer = setTimeout(check, PAUSE);
}

async function check() {
  const mine = round;
  const answer = await question({ kind: "check" });
  if (!answer || mine !== round) return;
  findings = answer.refusal ? null : answer.findings;
  if (answer.refusal) {
    refuse(answer.refusal);
    picture(null);
    return;
  }
  message("");
  editor.mark(findings);
  show();
  await draw();
}

// The figure with its findings, or with what differs from a base.
async function draw() {
  const mine = round;
  const wanted = comparing.base ?? inserting.base;
  const isBase = wanted && (wanted !== comparing.base || await comparing.show());
  if (mine !== round) return;
  const base = isBase ? wanted : null;
  const sides = isBase && wanted === comparing.base && comparing.sides;
  const drawn = await question({ kind: "draw", fold: "auto", base, sides });
  if (drawn && mine === round) picture(drawn.svg ?? null, !sides);
}

async function question(asked) {
  try {
    return await engine.ask({ ...asked, name, text: editor.text, language });
  } catch (error) {
    findings = null;
    show();
    message(error instanceof StoppedError ? word("stopped") : `${word("broken")} ${error.message}`);
    return null;
  }
}

// A text that is no model YAML: the place and what to do, as the command prints them.
function refuse(refusal) {
  const where = at(refusal);
  const help = refusal.help ? `\n${word("help")} ${refusal.help}` : "";
  message(`${where}${refusal.message}${help}`);
  editor.mark(refusal.line ? [{ ...refusal, rule: refusal.code, severity: "error" }] : []);
  show();
}

function show() {
  $("findings").replaceChildren(...(findings ?? []).map(item));
  $("summary").textContent = findings ? summary() : "";
  $("fix-all").disabled = !findings?.some((finding) => finding.fix === "certain");
  $("command").textContent = `yamlmod check ${name} --fix -w`;
  performance.mark("findings");
}

function summary() {
  const parts = ["error", "warning", "note"].map((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    return count ? `${count} ${word(count === 1 ? severity : `${severity}s`)}` : "";
  });
  return parts.filter(Boolean).join(language === "zh" ? "，" : ", ") || word("nothing");
}

function item(finding, index) {
  const li = make("li", finding.severity);
  const go = make("button", "go");
  go.type = "button";
  const where = at(finding);
  go.append(make("b", "", `${where}${finding.rule}`), ` ${finding.message}`);
  go.onclick = () => editor.go(finding);
  li.append(go);
  li.dataset.line = finding.line ?? "";
  li.dataset.rule = finding.rule;
  if (finding.fix === "certain") {
    const fix = make("button", "fix", word("fix"));
    fix.type = "button";
    fix.setAttribute("aria-label", `${word("fix")}: ${where}${finding.rule}`);
    fix.onclick = () => applyFix(index);
    li.append(fix);
  }
  if (finding.help) li.append(make("div", "help", `${word("help")} ${finding.help}`));
  return li;
}

function at({ line }) {
  return line ? `${word("line").replace("{n}", line)} ` : "";
}

async function applyFix(index) {
  const mine = round;
  const answer = await question({ kind: "fix", index });
  if (!answer || mine !== round) return;
  if (answer.refusal) refuse(answer.refusal);
  else if (answer.text !== editor.text) editor.replace(answer.text);
}

// Show a figure; where it is that of the text, its connections are buttons.
function picture(svg, isOwn = false) {
  const shown = svg === null ? make("p", "small", word("noPicture")) : figure(svg);
  if (svg !== null && isOwn) {
    const all = clickable(shown, word("insertHere"), (connection) => inserting.open(connection, all));
  }
  $("picture").replaceChildren(shown);
  performance.mark("picture");
}

function message(text) {
  $("message").textContent = text;
  $("message").hidden = !text;
}

function showState() {
  $("state").textContent = state === "ready" ? "" : word(state);
  $("state").dataset.state = state;
  if (state === "ready" && findings) keepOffline(files, examples[0].text);
}

function large(size) {
  const number = (value) => value.toLocaleString("en");
  message(word("large").replace("{size}", number(size)).replace("{limit}", number(LIMIT)));
}

// The text and the safe name of a file; null where it is not taken.
async function readFile(file) {
  if (!file) return null;
  if (file.size > 4 * LIMIT) return large(file.size);
  const data = await file.arrayBuffer();
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
    return text.length > LIMIT ? large(text.length) : { name: safeName(file.name), text };
  } catch {
    return message(word("encoding"));
  }
}

function safeName(fileName) {
  const safe = fileName.replace(/[^\p{L}\p{N}._-]/gu, "_").replace(/^[.-]+/, "_") || "model";
  return /\.ya?ml$/i.test(safe) ? safe : `${safe}.yaml`;
}

async function openFile(file) {
  const read = await readFile(file);
  if (!read) return;
  $("example").value = "";
  open(read.name, read.text);
}

function open(fileName, text) {
  name = fileName;
  editor.open(text);
  message("");
  changed();
}

async function share() {
  history.replaceState(null, "", await toFragment(editor.text));
  message(word("shared"));
  await navigator.clipboard?.writeText(location.href).catch(() => {});
}

// Open the text of a link; false where the address is no link to a text.
async function openLink() {
  if (!isLink(location.hash)) return false;
  const text = await fromFragment(location.hash, LIMIT);
  if (text === null) {
    message(word("badLink"));
  } else {
    $("example").value = "";
    open("model.yaml", text);
  }
  return true;
}

function openExample(key) {
  const chosen = examples.find((example) => example.key === key);
  $("example").value = key;
  if (chosen) open(`${key}.yaml`, chosen.text);
}

function speak() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = word("title");
  for (const element of document.querySelectorAll("[data-word]")) {
    element.textContent = word(element.dataset.word);
  }
  $("language").lang = language === "zh" ? "en" : "zh-CN";
  const top = new URL("../", BASE).href;
  const docs = language === "zh" ? `${top}zh/` : top;
  $("docs").href = docs;
  $("home-link").href = docs;
  for (const option of document.querySelectorAll("#example option, #base option")) {
    option.textContent = option.value === "" ? "" : word(option.value);
  }
  showState();
}

function toggleSize() {
  const full = $("picture").classList.toggle("full");
  $("size").setAttribute("aria-pressed", String(full));
  $("size").dataset.word = full ? "fit" : "full";
  $("size").textContent = word($("size").dataset.word);
}

function toggleLanguage() {
  language = language === "zh" ? "en" : "zh";
  const top = new URL("../", BASE).pathname;
  const own = language === "zh" ? `${top}zh/playground/` : `${top}playground/`;
  history.replaceState(null, "", own + location.hash);
  speak();
  if (inserting.isOpen) inserting.close();
  changed();
}

function start() {
  const empty = new Option("", "");
  $("example").replaceChildren(empty, ...examples.map(({ key }) => new Option(key, key)));
  $("example").onchange = () => openExample($("example").value);
  $("open").onclick = () => $("file").click();
  $("file").onchange = () => {
    openFile($("file").files[0]);
    $("file").value = "";
  };
  $("download").onclick = () => save(name, editor.text, "application/yaml");
  $("command-copy").onclick = () => copy($("command"));
  $("fix-all").onclick = () => applyFix(null);
  $("size").onclick = toggleSize;
  $("language").onclick = toggleLanguage;
  addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dropping");
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    const file = event.dataTransfer.files[0];
    if (event.target.closest?.("#compare")) comparing.take(file);
    else openFile(file);
  }, true);
  $("share").onclick = share;
  addEventListener("hashchange", openLink);
  speak();
  openLink().then((opened) => opened || openExample("wrong_insertion"));
}

start();
