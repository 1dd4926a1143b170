// "Insert here": a module on a connection of the figure. What it would give is shown at once; the
// answer has the text, the diff and the command that does the same at home.
import { $, copy, diffLines, make, save } from "./dom.js";

export class InsertPanel {
  // `page` offers: ask(question), word(key), text(), name(), language(), show(svg, connections),
  // draw(), replace(text).
  constructor(page) {
    Object.assign(this, { page, modules: null, round: 0, result: null, applied: false });
    $("connection").onchange = () => this.turn(this.all[$("connection").selectedIndex]);
    $("where").onchange = () => this.preview();
    $("search").oninput = () => this.list();
    $("module").onchange = () => this.chosen();
    $("args").oninput = () => this.preview();
    $("insert").onsubmit = (event) => {
      event.preventDefault();
      this.apply();
    };
    $("insert").onkeydown = (event) => {
      if (event.key === "Escape") this.close();
    };
    $("cancel").onclick = () => this.close();
    $("change-close").onclick = () => this.close();
    $("change-copy").onclick = () => copy($("change-command"));
    $("change-yaml").onclick = () => save(this.name, this.result.text, "application/yaml");
    $("change-patch").onclick = () => save(`${this.name}.patch`, this.result.diff, "text/x-diff");
    $("undo").onclick = () => this.undo();
  }

  get isOpen() {
    return !$("insert").hidden || this.applied;
  }

  // What the figure is compared with once the insertion is in the editor.
  get base() {
    return this.applied ? { name: this.name, text: this.before } : null;
  }

  async open(connection, all) {
    Object.assign(this, { all, before: this.page.text(), name: this.page.name() });
    this.finish();
    $("connection").replaceChildren(...all.map(({ label }) => new Option(label)));
    $("connection").selectedIndex = all.findIndex(({ label }) => label === connection.label);
    for (const id of ["search", "args"]) $(id).value = "";
    $("insert").hidden = false;
    $("search").focus();
    this.turn(connection);
    this.modules ??= (await this.page.ask({ kind: "modules" }))?.modules ?? null;
    if (this.modules && !$("insert").hidden) this.list();
  }

  // Another connection. One that skips rows is meant alone; one to the next row, for all readers.
  turn(connection) {
    this.connection = connection;
    const { source, reader } = connection;
    const [from, to] = connection.label.split(" → ");
    for (const choice of $("where").querySelectorAll("input")) {
      choice.disabled = source < 0 && ["edge", "end"].includes(choice.value);
      choice.checked = choice.value === (source < 0 || reader === source + 1 ? "after" : "edge");
      choice.nextElementSibling.textContent = this.page.word(choice.value)
        .replace("{from}", () => from).replace("{to}", () => to);
    }
    this.preview();
  }

  // The modules that match the search, in any of their names, kinds and summaries.
  list() {
    const language = this.page.language();
    const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const known = $("module").value;
    const found = (this.modules ?? []).filter((module) => {
      const kinds = module.kind.map((kind) => this.page.word(`kind-${kind}`));
      const { en, zh } = module.summary;
      const text = [module.names, module.kind, kinds, en, zh, module.year].join(" ").toLowerCase();
      return words.every((word) => text.includes(word));
    });
    $("module").replaceChildren(...found.map((module) => {
      const kinds = module.kind.map((kind) => this.page.word(`kind-${kind}`));
      const summary = module.summary[language];
      return new Option(`${module.name} (${kinds.join(" + ")}): ${summary}`, module.name);
    }));
    $("module").value = known;
    if (!$("module").value && found.length) $("module").selectedIndex = 0;
    this.chosen();
  }

  chosen() {
    const module = this.modules?.find(({ name }) => name === $("module").value);
    const usual = module?.places.length
      ? this.page.word("usual").replace("{places}", module.places.join("; ")) : "";
    $("about").textContent = module
      ? [module.names.slice(1).join(", "), module.year, usual].filter(Boolean).join(". ") : "";
    const language = this.page.language();
    $("args-help").replaceChildren(...(module?.arguments ?? []).map((argument) => {
      const item = make("li", "");
      const doc = argument.doc[language];
      item.append(make("b", "", argument.name), ` (${argument.type}, ${argument.default}): ${doc}`);
      return item;
    }));
    this.preview();
  }

  async preview() {
    this.round += 1;
    const mine = this.round;
    const module = $("module").value;
    if (!module || $("insert").hidden) return this.fail("");
    const { source, reader } = this.connection;
    const where = $("where").querySelector(":checked").value;
    const answer = await this.page.ask(
      { kind: "insert", module, args: $("args").value, where, source, reader, fold: "auto" },
    );
    if (mine !== this.round || $("insert").hidden) return;
    if (!answer || answer.refusal) {
      const help = answer?.refusal.help ? `\n${this.page.word("help")} ${answer.refusal.help}` : "";
      this.fail(answer ? answer.refusal.message + help : this.page.word("stopped"));
      this.page.draw();
    } else {
      this.result = answer;
      this.show();
      this.page.show(answer.svg, false);
    }
    performance.mark("insert");
  }

  fail(text) {
    this.result = null;
    $("insert-message").textContent = text;
    $("insert-message").hidden = !text;
    $("apply").disabled = true;
    $("change").hidden = true;
  }

  show() {
    const { lines, warnings, command, diff } = this.result;
    $("insert-message").hidden = true;
    $("apply").disabled = false;
    $("change").hidden = false;
    $("change-lines").replaceChildren(...[...lines, ...warnings].map((line) => make("li", "", line)));
    $("change-command").textContent = command;
    $("change-diff").replaceChildren(...diffLines(diff));
  }

  apply() {
    if (!this.result) return;
    this.applied = true;
    $("insert").hidden = true;
    for (const id of ["undo", "change-close"]) $(id).hidden = false;
    $("change-title").tabIndex = -1;
    $("change-title").focus();
    this.page.replace(this.result.text);
  }

  undo() {
    const { before } = this;
    this.finish();
    this.page.replace(before);
  }

  // The text has changed: an insertion of another text is none any more.
  changed(text) {
    if (this.isOpen && text !== (this.applied ? this.result.text : this.before)) this.finish();
  }

  close() {
    this.finish();
    this.page.draw();
    $("picture").focus();
  }

  finish() {
    this.round += 1;
    this.applied = false;
    this.fail("");
    $("insert").hidden = true;
    for (const id of ["undo", "change-close"]) $(id).hidden = true;
  }
}
