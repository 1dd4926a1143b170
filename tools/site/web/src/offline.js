// Keeps the page's files, once it has answered: it then opens without a network. Each language has
// a folder of its own, and a service worker serves the pages of its folder alone.
let isAsked = false;

export async function keepOffline(base) {
  if (isAsked || !navigator.serviceWorker) return;
  isAsked = true;
  try {
    // One after the other: the second finds the files that the first has kept.
    for (const folder of ["./", "../zh/playground/"]) {
      const script = new URL(`${folder}service.js`, base);
      await isActive(await navigator.serviceWorker.register(script));
    }
    performance.mark("offline");
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
