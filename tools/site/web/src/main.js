// The page: an editor, what `check` finds while typing, and the figure of the network.
import examples from "./examples.json";
import files from "./files.json";
import { Editor } from "./editor.js";
import { Engine, StoppedError } from "./engine.js";
import { fromFragment, isLink, toFragment } from "./link.js";
import { figure } from "./picture.js";
import words from "./words.json";

const LIMIT = 400_000; // characters; `load` reads no more
const PAUSE = 80; // milliseconds without a keystroke
const BASE = new URL(".", import.meta.url).href;
const $ = (id) => document.getElementById(id);

let language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
let name = "model.yaml";
let state = "loading";
let findings = null;
let timer = 0;
let round = 0;

const word = (key) => words[language][key];
const editor = new Editor($("editor"), word("editor"), LIMIT, changed, large);
const engine = new Engine(BASE, files, (next) => { state = next; showState(); });
globalThis.playground = { editor, engine }; // for the tests of the page

function changed() {
  performance.mark("edit");
  round += 1;
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
  const drawn = await question({ kind: "draw", language, fold: "auto" });
  if (drawn && mine === round) picture(drawn.svg ?? null);
}

async function question(asked) {
  try {
    return await engine.ask({ ...asked, name, text: editor.text });
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

function make(tag, className, text = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

async function applyFix(index) {
  const mine = round;
  const answer = await question({ kind: "fix", index });
  if (!answer || mine !== round) return;
  if (answer.refusal) refuse(answer.refusal);
  else if (answer.text !== editor.text) editor.replace(answer.text);
}

function picture(svg) {
  const shown = svg === null ? make("p", "small", word("noPicture")) : figure(svg);
  $("picture").replaceChildren(shown);
}

function message(text) {
  $("message").textContent = text;
  $("message").hidden = !text;
}

function showState() {
  $("state").textContent = state === "ready" ? "" : word(state);
  $("state").dataset.state = state;
}

function large(size) {
  const number = (value) => value.toLocaleString("en");
  message(word("large").replace("{size}", number(size)).replace("{limit}", number(LIMIT)));
}

async function openFile(file) {
  if (!file) return;
  if (file.size > 4 * LIMIT) return large(file.size);
  const data = await file.arrayBuffer();
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    return message(word("encoding"));
  }
  if (text.length > LIMIT) return large(text.length);
  $("example").value = "";
  open(file.name, text);
}

function open(fileName, text) {
  name = fileName.replace(/[^\p{L}\p{N}._-]/gu, "_").replace(/^[.-]+/, "_") || "model.yaml";
  editor.open(text);
  message("");
  changed();
}

function download() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([editor.text], { type: "application/yaml" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
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
  for (const option of $("example").options) {
    option.textContent = option.value === "" ? "" : word(option.value);
  }
  showState();
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
  $("download").onclick = download;
  $("fix-all").onclick = () => applyFix(null);
  $("size").onclick = () => {
    const full = $("picture").classList.toggle("full");
    $("size").setAttribute("aria-pressed", String(full));
    $("size").dataset.word = full ? "fit" : "full";
    $("size").textContent = word($("size").dataset.word);
  };
  $("language").onclick = () => {
    language = language === "zh" ? "en" : "zh";
    const top = new URL("../", BASE).pathname;
    const own = language === "zh" ? `${top}zh/playground/` : `${top}playground/`;
    history.replaceState(null, "", own + location.hash);
    speak();
    changed();
  };
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
    openFile(event.dataTransfer.files[0]);
  }, true);
  $("share").onclick = share;
  addEventListener("hashchange", openLink);
  speak();
  openLink().then((opened) => opened || openExample("wrong_insertion"));
}

start();
