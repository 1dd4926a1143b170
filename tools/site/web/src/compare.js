// Two files: the figure shows what differs from a base, with what `diff` prints and the lines.
import { $, diffLines, make } from "./dom.js";

export class ComparePanel {
  // `page` offers: ask(question), word(key), text(), name(), draw(), read(file), large(size), and
  // the limit of a text.
  constructor(page, examples) {
    Object.assign(this, { page, examples, base: null });
    $("compare-toggle").onclick = () => (this.base ? this.close() : this.open());
    $("compare-close").onclick = () => this.close();
    $("base").onchange = () => this.choose($("base").value);
    $("base-open").onclick = () => $("base-file").click();
    $("base-file").onchange = () => {
      this.take($("base-file").files[0]);
      $("base-file").value = "";
    };
    $("base-text").oninput = () => {
      $("base").value = "";
      this.set("base.yaml", $("base-text").value, false);
    };
    $("sides").onchange = () => page.draw();
  }

  get sides() {
    return $("sides").checked;
  }

  open() {
    const named = ["now", ...this.examples.map(({ key }) => key)];
    $("base").replaceChildren(
      ...named.map((key) => new Option(this.page.word(key), key)), new Option("", ""),
    );
    $("compare").hidden = false;
    $("compare-toggle").setAttribute("aria-expanded", "true");
    this.choose("now");
    $("base").focus();
  }

  choose(key) {
    const example = this.examples.find((one) => one.key === key);
    if (key === "now") this.set(this.page.name(), this.page.text());
    else if (example) this.set(`${key}.yaml`, example.text);
  }

  async take(file) {
    const read = await this.page.read(file);
    if (!read) return;
    $("base").value = "";
    this.set(read.name, read.text);
  }

  // A text area changes line ends: what it shows is a copy, unless something is typed into it.
  set(name, text, fill = true) {
    if (text.length > this.page.limit) return this.page.large(text.length);
    this.base = { name, text };
    if (fill) $("base-text").value = text;
    return this.page.draw();
  }

  // The lines beside the figure; false where the base is no network.
  async show() {
    const { base } = this;
    const answer = await this.page.ask({ kind: "compare", base });
    if (!answer || base !== this.base) return false;
    const { refusal } = answer;
    $("base-message").textContent = refusal ? this.page.word("badBase").replace(
      "{reason}", () => refusal.message) : "";
    $("base-message").hidden = !refusal;
    const lines = answer.lines ?? [];
    const shown = lines.length || refusal ? lines : [this.page.word("same")];
    $("base-lines").replaceChildren(...shown.map((line) => make("li", "", line)));
    $("base-diff").replaceChildren(...(refusal ? [] : diffLines(answer.diff)));
    const [old, name] = [base.name === this.page.name() ? `old/${base.name}` : base.name, this.page.name()];
    $("base-commands").textContent = `yamlmod diff ${old} ${name}\n`
      + `yamlmod draw ${name} --base ${old}${this.sides ? " --side-by-side" : ""} -o change.svg`;
    performance.mark("compare");
    return !refusal;
  }

  close() {
    this.base = null;
    $("compare").hidden = true;
    $("compare-toggle").setAttribute("aria-expanded", "false");
    $("compare-toggle").focus();
    this.page.draw();
  }
}
