// Runs the package in Pyodide. The page's policy holds here too: the worker is started from a blob.
import { loadPyodide } from "pyodide";

let answer;

async function start(base, files) {
  const bytes = async (name) => new Uint8Array(await (await fetch(base + name)).arrayBuffer());
  const fetched = Promise.all(files.map(bytes));
  const python = await loadPyodide({ indexURL: base, stdout: () => {}, stderr: () => {} });
  for (const archive of await fetched) {
    python.unpackArchive(archive, "zip", { extractDir: "/lib/site" });
  }
  python.runPython("import sys; sys.path.insert(0, '/lib/site'); sys.dont_write_bytecode = True");
  answer = python.pyimport("bridge").answer;
}

self.onmessage = async ({ data }) => {
  try {
    if (data.start) {
      await start(data.start, data.files);
      self.postMessage({ id: 0 });
    } else {
      self.postMessage({ id: data.id, answer: JSON.parse(answer(JSON.stringify(data.question))) });
    }
  } catch (error) {
    self.postMessage({ id: data.id ?? 0, error: String(error).trim().split("\n").pop() });
  }
};
