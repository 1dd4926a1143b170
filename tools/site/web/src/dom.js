// Small helpers of the page: elements by id, new elements, files to save, texts to copy.
export const $ = (id) => document.getElementById(id);

export function make(tag, className, text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.textContent = text;
  return element;
}

export function save(name, text, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// Copy a text; where the browser forbids it, select it instead.
export async function copy(element) {
  try {
    await navigator.clipboard.writeText(element.textContent);
  } catch {
    getSelection().selectAllChildren(element);
  }
}

// A unified diff, a line each: what comes and what goes differs by its sign, too.
export function diffLines(diff) {
  const kinds = { "+": "plus", "-": "minus", "@": "hunk" };
  return diff.replace(/\n$/, "").split("\n").map((line) => {
    const heads = line.startsWith("+++ ") || line.startsWith("--- ");
    return make("span", heads ? "head" : kinds[line[0]] ?? "", `${line}\n`);
  });
}
