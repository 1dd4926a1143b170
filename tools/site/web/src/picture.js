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
