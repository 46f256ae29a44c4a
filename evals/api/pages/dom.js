// Elements, and how values read. Text only ever becomes text: nothing a tool or a model wrote is parsed as HTML.

const SVG = "http://www.w3.org/2000/svg";

// An element: h("td.n", {title: "..."}, "text", child, ...); null and false children are left out.
export function h(what, attributes = {}, ...children) {
  const [tag, ...classes] = what.split(".");
  return filled(document.createElement(tag), classes, attributes, children);
}

// The same in a drawing.
export function s(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), [], attributes, children);
}

function filled(element, classes, attributes, children) {
  if (classes.length) element.setAttribute("class", classes.join(" "));
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
}

export const show = (place, ...children) => place.replaceChildren(...children.flat(Infinity).filter(Boolean));

const TONES = { success: "ok", passed: "ok", done: "ok", failed: "bad", limit: "bad", infrastructure: "warn", cancelled: "warn", retry: "warn", replan: "warn" };
export const badge = (word) => h(`span.badge.${TONES[word] ?? "dim"}`, {}, word);
export const percent = (share) => (share == null ? "–" : `${(100 * share).toFixed(1)} %`);
export const span = (interval) => (interval ? `${percent(Math.max(0, interval[0]))} to ${percent(Math.min(1, interval[1]))}` : "");
export const seconds = (s) => (s == null ? "" : s < 10 ? `${s.toFixed(2)} s` : `${s.toFixed(1)} s`);
export const count = (n, what) => `${(n ?? 0).toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`;
export const when = (iso) => (iso ? iso.slice(0, 19).replace("T", " ") : "");
export const plain = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 1));

// A call as one reads it: order_status(order_id="A-17").
export const called = (name, args) =>
  h("code", {}, `${name}(${Object.entries(args ?? {}).map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(", ")})`);

// Columns are {name}, with n for numbers, wide for what takes the room, aside for what a narrow screen can do without.
export function table(columns, rows) {
  const cell = (kind) => (value, i) => h([kind, ...["n", "wide", "aside"].filter((name) => columns[i][name])].join("."), {}, value ?? "");
  return h("table", {},
    h("thead", {}, h("tr", {}, columns.map((column, i) => cell("th")(column.name, i)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map(cell("td"))))));
}

// A share with its interval.
export function bar(share, interval) {
  const [low, high] = interval ?? [share, share];
  return s("svg", { class: "bar", viewBox: "0 0 300 14", role: "img", "aria-label": `${percent(share)}, ${span(interval)}` },
    s("rect", { class: "all", width: 300, height: 14 }),
    s("rect", { class: "part", width: 300 * (share ?? 0), height: 14 }),
    s("line", { class: "whisker", x1: 300 * Math.max(0, low), x2: 300 * Math.min(1, high), y1: 7, y2: 7 }));
}

export const facts = (pairs) =>
  h("dl", {}, pairs.filter(([, value]) => value != null && value !== "").map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));

export const failed = (error) => h("div.error", { role: "alert" }, error.message);
