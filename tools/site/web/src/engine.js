// Asks the worker one question at a time. A question that takes too long ends it; a new one starts.
const LIMIT = 15_000;
const START_LIMIT = 180_000;

export class StoppedError extends Error {}

// A worker from a blob, so that the page's own policy (no other host) is the worker's as well.
export function python(base) {
  const code = `import ${JSON.stringify(new URL("worker.js", base).href)};`;
  const address = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  return new Worker(address, { type: "module" });
}

export class Engine {
  // `files` says what Python needs: where, which archives, and the version of the build.
  constructor(files, onState) {
    Object.assign(this, { files, onState, waiting: new Map(), current: null, number: 0 });
    this.begin();
  }

  begin() {
    this.onState("loading");
    this.ready = false;
    this.worker = python(this.files.base);
    this.worker.onmessage = ({ data }) => this.receive(data);
    this.worker.onerror = () => this.fail();
    this.worker.postMessage({ start: this.files });
    this.timer = setTimeout(() => this.fail(), START_LIMIT);
  }

  fail() {
    clearTimeout(this.timer);
    this.worker.terminate();
    this.onState("failed");
  }

  // Ask; a question of the same kind that still waits is replaced: only the newest text counts.
  ask(question) {
    this.waiting.get(question.kind)?.resolve(null);
    return new Promise((resolve, reject) => {
      this.waiting.delete(question.kind);
      this.waiting.set(question.kind, { question, resolve, reject });
      this.next();
    });
  }

  next() {
    if (!this.ready || this.current || !this.waiting.size) return;
    const [kind, item] = this.waiting.entries().next().value;
    this.waiting.delete(kind);
    this.current = item;
    this.onState("busy");
    this.number += 1;
    this.worker.postMessage({ id: this.number, question: item.question });
    this.timer = setTimeout(() => this.stop(), LIMIT);
  }

  stop() {
    this.worker.terminate();
    const item = this.current;
    this.current = null;
    this.begin();
    item.reject(new StoppedError());
  }

  receive(data) {
    if (data.id === 0) {
      if (data.error) return this.fail();
      if (data.isWarm) performance.mark("warm");
      this.ready = true;
    } else if (data.id !== this.number || !this.current) {
      return;
    } else if (data.error) {
      this.current.reject(new Error(data.error));
    } else {
      this.current.resolve(data.answer);
    }
    clearTimeout(this.timer);
    this.current = null;
    this.onState("ready");
    this.next();
  }
}
