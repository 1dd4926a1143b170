// Keeps the page's files, once it has answered: it then opens without a network. Each language has
// a folder of its own, and a service worker serves the pages of its folder alone. What Python needs
// to start is kept as well, as a snapshot of its memory.
import { python } from "./engine.js";

const CALM = 3000; // milliseconds: a visitor types first
let isAsked = false;

export async function keepOffline(start, text) {
  if (isAsked) return;
  isAsked = true;
  try {
    // One after the other: the second finds the files that the first has kept.
    for (const folder of ["./", "../zh/playground/"]) {
      const script = new URL(`${folder}service.js`, start.base);
      await isActive(await navigator.serviceWorker.register(script));
    }
    performance.mark("offline");
    await new Promise((resolve) => { setTimeout(resolve, CALM); });
    if ((navigator.deviceMemory ?? 8) >= 4) await snapshot(start, text);
  } catch {
    // A browser that forbids it, or no space: the page works as long as there is a network.
  }
}

function isActive(registration) {
  const worker = registration.installing ?? registration.waiting ?? registration.active;
  return new Promise((resolve, reject) => {
    const look = () => {
      if (worker.state === "redundant") reject(new Error("not kept"));
      if (["installed", "activating", "activated"].includes(worker.state)) resolve();
    };
    worker.addEventListener("statechange", look);
    look();
  });
}

function snapshot(start, text) {
  const worker = python(start.base);
  return new Promise((resolve) => {
    worker.onmessage = ({ data }) => {
      worker.terminate();
      if (!data.error) performance.mark("snapshot");
      resolve();
    };
    worker.postMessage({ keep: { ...start, text } });
  });
}
