// Serves the playground from what it has kept. The build fills in the files and a hash of them: a
// new build is another script, which keeps its own files and is used when no old page is open.
const NAME = "yamlmod-playground-";
const { version, base, files } = "{{KEPT}}";
const BASE = new URL(base, self.location.href);
const ADDRESSES = files.map((file) => new URL(file, BASE).href);

self.addEventListener("install", (event) => event.waitUntil(keep()));

self.addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) {
    if (name.startsWith(NAME) && name !== NAME + version) await caches.delete(name);
  }
  await self.clients.claim();
})()));

self.addEventListener("fetch", (event) => {
  const address = event.request.url.replace(/[?#].*/, "");
  if (event.request.method === "GET" && ADDRESSES.includes(address)) {
    event.respondWith(kept(address, event.request));
  }
});

async function keep() {
  const cache = await caches.open(NAME + version);
  for (const address of ADDRESSES) {
    if (await cache.match(address)) continue;
    // Asked anew: a file of an older build may be in the browser's cache.
    const response = await fetch(address, { cache: "no-cache" });
    if (!response.ok) throw new Error(address);
    await cache.put(address, response);
  }
}

async function kept(address, request) {
  const cache = await caches.open(NAME + version);
  return (await cache.match(address)) ?? fetch(request);
}
