// Rebuilds a figure from the elements and attributes that figures are made of. Nothing else of the
// text gets into the page, whatever a model YAML holds.
const SVG = "http://www.w3.org/2000/svg";
const ELEMENTS = new Set([
  "svg", "g", "rect", "line", "path", "polyline", "polygon", "circle", "ellipse", "text", "tspan",
  "title", "defs", "marker", "pattern", "clipPath",
]);
const ATTRIBUTES = new Set([
  "width", "height", "viewBox", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "rx", "ry", "d",
  "points", "transform", "fill", "fill-opacity", "fill-rule", "stroke", "stroke-width",
  "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "stroke-opacity", "opacity",
  "font-family", "font-size", "font-weight", "font-style", "text-anchor", "dominant-baseline",
  "dx", "dy", "class", "role", "aria-label", "refX", "refY", "markerWidth", "markerHeight",
  "markerUnits", "orient", "patternUnits", "marker-end", "marker-start", "clip-path", "id",
  "textLength", "lengthAdjust", "letter-spacing",
]);
const INNER = /^url\(#[\w-]+\)$/;

export function figure(text) {
  const parsed = new DOMParser().parseFromString(text, "image/svg+xml");
  const root = parsed.documentElement;
  if (root.namespaceURI !== SVG || root.localName !== "svg") throw new Error("not a figure");
  return copy(root);
}

function copy(element) {
  const made = document.createElementNS(SVG, element.localName);
  for (const { name, value } of element.attributes) {
    const known = ATTRIBUTES.has(name) || name.startsWith("data-");
    if (known && (!value.includes("url(") || INNER.test(value))) made.setAttribute(name, value);
  }
  for (const node of element.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) made.append(node.data);
    else if (node.nodeType === Node.ELEMENT_NODE && node.namespaceURI === SVG
      && ELEMENTS.has(node.localName)) made.append(copy(node));
  }
  return made;
}

// The connections of a figure that the text has, without what a change took away or a check
// proposes: { source, reader, label, path }, in the order of the file.
export function connections(svg) {
  const names = new Map([[-1, ""]]);
  for (const layer of svg.querySelectorAll("g.layer:not(.ghost)")) {
    names.set(Number(layer.dataset.layer), layer.dataset.module);
  }
  const name = (number) => `${number < 0 ? "image" : number} ${names.get(number) ?? ""}`.trim();
  const found = new Map();
  for (const path of svg.querySelectorAll("path.edge")) {
    if (["removed", "right"].includes(path.dataset.change)) continue;
    const [source, reader] = [Number(path.dataset.from), Number(path.dataset.to)];
    const label = `${name(source)} → ${name(reader)}`;
    const known = found.get(label);
    // Of two lines for one connection, the one that is drawn.
    if (!known || known.path.getAttribute("stroke") === "none") {
      found.set(label, { source, reader, label, path });
    }
  }
  return [...found.values()].sort((a, b) => a.reader - b.reader || b.source - a.source);
}

// Make the connections of a figure buttons: a wide line that is clicked, one stop for Tab, and
// arrow keys from one to the next.
export function clickable(svg, title, choose) {
  const all = connections(svg);
  svg.setAttribute("role", "group");
  const lines = all.map((connection) => button(connection, title, choose));
  lines.forEach((line, index) => {
    line.setAttribute("tabindex", index ? "-1" : "0");
    line.addEventListener("keydown", (event) => {
      const next = { ArrowRight: index + 1, ArrowDown: index + 1, ArrowLeft: index - 1,
        ArrowUp: index - 1, Home: 0, End: lines.length - 1 }[event.key];
      if (next === undefined || !lines[next]) return;
      event.preventDefault();
      line.setAttribute("tabindex", "-1");
      lines[next].setAttribute("tabindex", "0");
      lines[next].focus();
    });
  });
  return all;
}

function button(connection, title, choose) {
  const line = document.createElementNS(SVG, "path");
  const label = document.createElementNS(SVG, "title");
  const set = { class: "connection", d: connection.path.getAttribute("d"), role: "button",
    "aria-label": `${title}: ${connection.label}`, "data-from": connection.source,
    "data-to": connection.reader };
  for (const [name, value] of Object.entries(set)) line.setAttribute(name, value);
  label.textContent = connection.label;
  line.append(label);
  line.onclick = () => choose(connection);
  line.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    choose(connection);
  });
  // Beside its own line: below the boxes, and in the part that moves it.
  connection.path.after(line);
  return line;
}
