// Compile what the playground imports, with the Python that will run it, into an archive beside the
// unchanged wheels: a browser then compiles nothing.
import fs from "node:fs";
import { loadPyodide } from "pyodide";

const [target, example, ...archives] = process.argv.slice(2);
const python = await loadPyodide();
for (const path of archives) {
  const bytes = new Uint8Array(fs.readFileSync(path));
  python.unpackArchive(bytes, "zip", { extractDir: "/lib/site" });
}
python.runPython("import sys; sys.path.insert(0, '/lib/site')");
const { answer } = python.pyimport("bridge");
const text = fs.readFileSync(example, "utf8");
const common = { name: "model.yaml", text, language: "zh", fold: "auto" };
const base = { name: "base.yaml", text };
for (const asked of [
  { kind: "check" }, { kind: "fix", index: null }, { kind: "draw" }, { kind: "modules" },
  { kind: "draw", base, sides: true }, { kind: "compare", base },
  { kind: "insert", module: "SimAM", args: "[]", where: "after", source: 3, reader: 4 },
]) {
  const { refusal } = JSON.parse(answer(JSON.stringify({ ...common, ...asked })));
  if (refusal) throw new Error(refusal.message);
}
python.runPython(`
import py_compile, sys, zipfile

root = "/lib/site/"
files = [getattr(module, "__file__", None) or "" for module in list(sys.modules.values())]
# Unchecked: the times of unpacked files differ from start to start.
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
with zipfile.ZipFile("/compiled.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    for path in sorted({file for file in files if file.startswith(root)}):
        compiled = py_compile.compile(path, doraise=True, invalidation_mode=mode)
        archive.write(compiled, compiled.removeprefix(root))
`);
fs.writeFileSync(target, python.FS.readFile("/compiled.zip"));
