// The editor, in a shadow tree: its styles are then constructed sheets, which the policy permits.
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, defaultHighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { Compartment, EditorState } from "@codemirror/state";
import {
  EditorView, drawSelection, highlightActiveLine, keymap, lineNumbers,
} from "@codemirror/view";

const LOOK = EditorView.theme({
  "&": { height: "100%", fontSize: "13px", backgroundColor: "#fff", color: "#1c2330" },
  ".cm-scroller": { fontFamily: "ui-monospace, 'DejaVu Sans Mono', Consolas, monospace" },
  "&.cm-focused": { outline: "2px solid #2f6fb5", outlineOffset: "-2px" },
  ".cm-gutters": { backgroundColor: "#f4f6f9", color: "#5b6472" },
});
// The highlighter recurses once per open bracket; some ten thousand are more than its stack.
const DEEPEST = 500;
const language = new Compartment();

function highlighted(text) {
  let depth = 0;
  for (const letter of text) {
    if (letter === "[" || letter === "{") depth += 1;
    else if (letter === "]" || letter === "}") depth = Math.max(0, depth - 1);
    if (depth > DEEPEST) return [];
  }
  return yaml();
}

const SEVERITIES = { error: "error", warning: "warning", note: "info" };

export class Editor {
  // `onChange` gets every new text; `onLarge` the size of a pasted text that is not taken.
  constructor(host, label, limit, onChange, onLarge) {
    this.limit = limit;
    this.onLarge = onLarge;
    const root = host.attachShadow({ mode: "open" });
    // Lines end at line feeds alone: a carriage return stays in the text, which so keeps its bytes.
    this.extensions = [
      EditorState.lineSeparator.of("\n"),
      lineNumbers(), history(), drawSelection(), highlightActiveLine(), bracketMatching(),
      lintGutter(), syntaxHighlighting(defaultHighlightStyle), LOOK,
      EditorState.transactionExtender.of((change) => {
        if (!change.docChanged) return null;
        const chosen = highlighted(change.newDoc.toString());
        const isPlain = Array.isArray(chosen);
        if (isPlain === Array.isArray(language.get(change.startState))) return null;
        return { effects: language.reconfigure(chosen) };
      }),
      keymap.of([{ key: "Enter", run: (view) => this.newline(view) },
        ...defaultKeymap, ...historyKeymap, ...lintKeymap]),
      EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false" }),
      EditorView.domEventHandlers({ paste: (event, view) => this.paste(event, view) }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) onChange();
      }),
    ];
    this.view = new EditorView({ parent: root, root, state: this.state("") });
  }

  state(text) {
    const extensions = [...this.extensions, language.of(highlighted(text))];
    return EditorState.create({ doc: text, extensions });
  }

  get text() {
    return this.view.state.sliceDoc();
  }

  // A new file: the history begins anew.
  open(text) {
    this.view.setState(this.state(text));
  }

  // The text after a fix: only what differs is replaced, so that the cursor and undo stay.
  replace(text) {
    const old = this.text;
    let start = 0;
    while (start < old.length && old[start] === text[start]) start += 1;
    let end = 0;
    while (end < Math.min(old.length, text.length) - start
      && old[old.length - 1 - end] === text[text.length - 1 - end]) end += 1;
    const insert = text.slice(start, text.length - end);
    this.view.dispatch({ changes: { from: start, to: old.length - end, insert } });
  }

  newline(view) {
    if (!this.text.includes("\r\n")) return false;
    const line = view.state.doc.lineAt(view.state.selection.main.from);
    const indent = /^[ \t]*/.exec(line.text)[0];
    view.dispatch(view.state.replaceSelection(`\r\n${indent}`));
    return true;
  }

  paste(event, view) {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (text.length <= this.limit) return false;
    event.preventDefault();
    this.onLarge(text.length);
    view.focus();
    return true;
  }

  // Where a finding is: columns count characters, the document counts UTF-16 units.
  place(finding) {
    const doc = this.view.state.doc;
    const line = doc.line(Math.min(Math.max(finding.line ?? 1, 1), doc.lines));
    const letters = Array.from(line.text);
    // The mark at the start of a file is a character here, and none in a column.
    const mark = line.number === 1 && letters[0] === "\ufeff" ? 1 : 0;
    const column = Math.min((finding.column ?? 1) - 1 + mark, letters.length);
    const from = line.from + letters.slice(0, column).join("").length;
    const width = letters.slice(column, column + (finding.width ?? 1)).join("").length;
    return { from, to: Math.min(from + width, line.to) };
  }

  mark(findings) {
    const diagnostics = findings.map((finding) => ({
      ...this.place(finding),
      severity: SEVERITIES[finding.severity],
      message: `${finding.rule}: ${finding.message}`,
    }));
    this.view.dispatch(setDiagnostics(this.view.state, diagnostics));
  }

  go(finding) {
    const { from, to } = this.place(finding);
    this.view.dispatch({
      selection: { anchor: from, head: to },
      effects: EditorView.scrollIntoView(from, { y: "center" }),
    });
    this.view.focus();
  }
}
