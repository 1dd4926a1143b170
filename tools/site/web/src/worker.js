// Runs the package in Pyodide. The page's policy holds here too: the worker is started from a blob.
// A second worker like this one keeps a snapshot of Python's memory after its imports, made by this
// browser for this build; later starts load it and import nothing.
import { loadPyodide } from "pyodide";

const NAME = "yamlmod-snapshot-";
const FOLDER = "/lib/site";
const BEGIN = `
import sys
sys.path.insert(0, "${FOLDER}")
sys.dont_write_bytecode = True
import bridge
`;

let answer;

async function start({ base, files, version }) {
  const archives = fetchAll(base, files);
  const snapshot = await kept(base, version);
  const python = (snapshot && await fromSnapshot(base, snapshot)) || await load(base, {});
  await unpack(python, await archives);
  const isWarm = python.runPython("import sys; 'bridge' in sys.modules");
  if (!isWarm) python.runPython(BEGIN);
  answer = python.pyimport("bridge").answer;
  return isWarm;
}

const load = (base, options) =>
  loadPyodide({ indexURL: base, stdout: () => {}, stderr: () => {}, ...options });

function fetchAll(base, files) {
  return Promise.all(files.map(async (name) => (await fetch(base + name)).arrayBuffer()));
}

async function unpack(python, archives) {
  for (const archive of archives) {
    python.unpackArchive(archive, "zip", { extractDir: FOLDER });
  }
}

// A snapshot that cannot be loaded is forgotten, and Python starts as it does without one.
async function fromSnapshot(base, snapshot) {
  try {
    return await load(base, { _loadSnapshot: snapshot });
  } catch {
    await forget("");
    return null;
  }
}

// The address is a full one: a worker from a blob has no folder that a relative one could be in.
const address = (base) => `${base}snapshot`;

async function kept(base, version) {
  try {
    const found = await (await caches.open(NAME + version)).match(address(base));
    return found && new Uint8Array(await found.arrayBuffer());
  } catch {
    return null; // no storage here
  }
}

async function forget(but) {
  for (const name of await caches.keys()) {
    if (name.startsWith(NAME) && name !== but) await caches.delete(name);
  }
}

// Ask what a visitor asks first, so that nothing of it has to be imported later.
async function keep({ base, files, version, text }) {
  if (await kept(base, version)) return;
  const python = await load(base, { _makeSnapshot: true });
  await unpack(python, await fetchAll(base, files));
  const asked = { name: "model.yaml", text, language: "en", fold: "auto" };
  const questions = ["check", "draw"].map((kind) => JSON.stringify({ ...asked, kind }));
  python.runPython(BEGIN + questions.map((one) => `bridge.answer(${JSON.stringify(one)})\n`).join(""));
  const name = NAME + version;
  await forget(name);
  await (await caches.open(name)).put(address(base), new Response(python.makeMemorySnapshot()));
}

self.onmessage = async ({ data }) => {
  try {
    if (data.keep) {
      await keep(data.keep);
      self.postMessage({ id: 0 });
    } else if (data.start) {
      self.postMessage({ id: 0, isWarm: await start(data.start) });
    } else {
      self.postMessage({ id: data.id, answer: JSON.parse(answer(JSON.stringify(data.question))) });
    }
  } catch (error) {
    self.postMessage({ id: data.id ?? 0, error: String(error).trim().split("\n").pop() });
  }
};
