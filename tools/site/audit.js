// What is wrong with a page for people who see, hear or steer it otherwise; evaluated in the page.
(() => {
  const problems = [];
  const LANDMARKS = "main, header, nav, footer, aside, dialog, [role=main], [role=banner], "
    + "[role=navigation], [role=contentinfo], [role=complementary], [role=dialog], [role=search]";
  const quiet = new CSSStyleSheet();
  quiet.replaceSync("*, *::before, *::after { transition: none !important; animation: none !important }");
  const roots = [document];
  for (const element of document.querySelectorAll("*")) {
    if (element.shadowRoot) roots.push(element.shadowRoot);
  }
  for (const root of roots) root.adoptedStyleSheets = [...root.adoptedStyleSheets, quiet];
  const all = (selector) => roots.flatMap((root) => [...root.querySelectorAll(selector)]);
  const say = (element, text) => {
    const id = element.id ? `#${element.id}` : "";
    const own = (element.textContent ?? "").trim().slice(0, 40);
    problems.push(`${text}: <${element.localName}${id} class="${element.getAttribute("class") ?? ""}"> ${own}`);
  };
  const seen = (element) => {
    const box = element.getBoundingClientRect();
    return element.checkVisibility({ opacityProperty: true, visibilityProperty: true })
      && box.width > 1 && box.height > 1;
  };

  const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const colour = (text) => {
    if (!known.has(text)) {
      pen.clearRect(0, 0, 1, 1);
      pen.fillStyle = text;
      pen.fillRect(0, 0, 1, 1);
      const [red, green, blue, alpha] = pen.getImageData(0, 0, 1, 1).data;
      known.set(text, [red, green, blue, alpha / 255]);
    }
    return known.get(text);
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
  const light = (rgb) => {
    const [red, green, blue] = rgb.map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const parent = (node) => node.parentElement ?? node.getRootNode().host ?? null;
  const behind = (element) => {
    const layers = [];
    for (let node = element; node; node = parent(node)) {
      const layer = colour(getComputedStyle(node).backgroundColor);
      layers.push(layer);
      if (layer[3] === 1) break;
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const contrast = (front, back) => {
    const [high, low] = [light(front), light(back)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const judge = (element, text, back) => {
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.6 && Number(style.fontWeight) >= 700);
    const found = contrast(over(colour(text), back), back);
    if (found < (isLarge ? 3 : 4.5)) say(element, `contrast ${found.toFixed(2)}`);
  };

  // Texts, with what is behind them.
  for (const root of roots) {
    const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      const element = parent(walk.currentNode);
      if (!walk.currentNode.data.trim() || !element || element.closest("svg, script, style, option, noscript")) continue;
      if (!seen(element) || element.closest(":disabled")) continue;
      judge(element, getComputedStyle(element).color, behind(element));
      const host = root.host ?? element;
      if (!host.closest(LANDMARKS) && !element.closest("[role=status], [role=alert]")) say(element, "outside of landmarks");
    }
  }
  for (const field of all("input, textarea")) {
    if (field.placeholder && seen(field)) {
      judge(field, getComputedStyle(field, "::placeholder").color, behind(field));
    }
  }
  for (const svg of all("#picture svg")) {
    const shapes = [...svg.querySelectorAll("rect")].map((rect) => [rect, rect.getBoundingClientRect()]);
    for (const text of svg.querySelectorAll("text")) {
      const box = text.getBoundingClientRect();
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
      const below = shapes.filter(([rect, place]) => place.left <= x && x <= place.right
        && place.top <= y && y <= place.bottom && getComputedStyle(rect).fill.startsWith("rgb")
        && rect.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING);
      const back = below.reduce((under, [rect]) => over(colour(getComputedStyle(rect).fill), under), behind(svg));
      judge(text, getComputedStyle(text).fill, back);
    }
  }

  // Structure.
  const visible = (selector) => all(selector).filter(seen);
  if (visible("main, [role=main]").length !== 1) problems.push("not one main part");
  if (visible("h1").length !== 1) problems.push("not one heading of the first level");
  let level = 0;
  for (const heading of visible("h1, h2, h3, h4, h5, h6")) {
    const own = Number(heading.localName[1]);
    if (own > level + 1) say(heading, `a heading of level ${own} after ${level}`);
    level = own;
  }
  const navs = visible("nav");
  for (const nav of navs.length > 1 ? navs : []) {
    if (!nav.getAttribute("aria-label") && !nav.getAttribute("aria-labelledby")) say(nav, "no name");
  }
  for (const image of all("img")) if (!image.getAttribute("alt")) say(image, "no text for an image");
  const ids = all("[id]").map((element) => element.id);
  for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) problems.push(`two of #${id}`);
  for (const element of all("[lang]")) {
    if (!["en", "zh", "zh-CN"].includes(element.lang)) say(element, `language ${element.lang}`);
  }
  if (/user-scalable=no|maximum-scale/.test(document.querySelector("meta[name=viewport]")?.content ?? "")) {
    problems.push("zooming is forbidden");
  }

  // The focus must be seen: something about the element, or what is around it, changes.
  const look = (element) => {
    const looks = [];
    for (let node = element, depth = 0; node && depth < 5; node = parent(node), depth += 1) {
      const style = getComputedStyle(node);
      looks.push(["outline", "boxShadow", "backgroundColor", "borderColor", "strokeOpacity", "color",
        "textDecoration"].map((name) => style[name]).join());
    }
    return looks.join("|");
  };
  const focusable = "a[href], button:enabled, input:enabled:not([type=hidden]), select:enabled, "
    + "textarea:enabled, summary, [tabindex='0']";
  for (const element of visible(focusable)) {
    if (element.isContentEditable) continue;
    document.activeElement?.blur();
    const before = look(element);
    element.focus({ focusVisible: true, preventScroll: true });
    if (look(element) === before) say(element, "the focus is not seen");
  }
  document.activeElement?.blur();
  return problems;
})()
