// The shell: which page the address names, and what stands in the head.

import { get, takeToken } from "./api.js";
import { failed, h, show } from "./dom.js";
import { episodes } from "./episodes.js";
import { episode } from "./episode.js";
import { compared, evals, run } from "./evals.js";
import { memory } from "./memory.js";
import { tools } from "./tools.js";

// Each page is a function of a place of its own, the parts of the address, and a signal for when it is left.
const PAGES = [
  [/^$/, episodes],
  [/^episodes\/([^/]+)$/, episode],
  [/^evals$/, evals],
  [/^evals\/([^/]+)$/, run],
  [/^compare\/([^/]+)\/([^/]+)$/, compared],
  [/^memory$/, memory],
  [/^tools$/, tools],
];

let left = new AbortController();

async function open() {
  const path = location.hash.replace(/^#\/?/, "");
  const place = h("div", {}, h("p.dim.spin", {}, "loading"));
  document.getElementById("page").replaceChildren(place); // what an earlier page still draws, it draws out of sight
  left.abort();
  left = new AbortController();
  for (const link of document.querySelectorAll("header nav a")) {
    const to = link.getAttribute("href").replace(/^#\/?/, "");
    const here = to === "" ? /^(episodes\/.*)?$/.test(path) : path === to || path.startsWith(`${to}/`) || (to === "evals" && path.startsWith("compare/"));
    link.classList.toggle("here", here);
  }
  const [pattern, page] = PAGES.find(([known]) => known.test(path)) ?? [];
  try {
    if (!page) throw new Error(`There is no page ${path}.`);
    await page(place, ...pattern.exec(path).slice(1).map(decodeURIComponent), left.signal);
  } catch (error) {
    show(place, failed(error));
  }
}

async function head() {
  const at = document.getElementById("status");
  try {
    const now = await get("/status");
    const served = now.base_url ?? (now.server ? (now.server.kernels ? "its server runs" : "its server starts") : "its server starts with the first run");
    at.textContent = `${now.model}: ${served}`;
    at.title = now.server?.kernels ?? "";
  } catch {
    at.textContent = "";
  }
}

takeToken();
addEventListener("hashchange", () => { takeToken(); open(); });
open();
head();
setInterval(() => document.hidden || head(), 5000);
