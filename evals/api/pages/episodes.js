// Runs: begin one, find one.

import { get, post } from "./api.js";
import { badge, count, failed, h, seconds, show, table, when } from "./dom.js";

const AT_A_TIME = 50;
const STATES = ["running", "success", "failed", "limit", "cancelled", "infrastructure"];

export async function episodes(place) {
  const wanted = { status: "", text: "", offset: 0 };
  const listed = h("div");
  let latest = 0;
  const list = async () => {
    const mine = ++latest; // answers may overtake each other
    const shown = await get("/episodes", { ...wanted, limit: AT_A_TIME }).then((page) => [rows(page), pager(page, wanted, list)], failed);
    if (mine === latest) show(listed, shown);
  };
  show(place, await begin(), filter(wanted, list), listed);
  await list();
}

async function begin() {
  const now = await get("/status");
  const said = h("div");
  const task = h("textarea", { rows: 2, required: true, "aria-label": "Task", placeholder: "What should the agent do?" });
  const approve = h("select", { "aria-label": "Approval" },
    [["auto", "run all but dangerous tools"], ["ask", "ask me before each change"], ["deny", "only read"]]
      .map(([value, text]) => h("option", { value, selected: value === now.approve }, text)));
  const button = h("button.main", { type: "submit" }, "Run");
  const start = async (event) => {
    event.preventDefault();
    button.disabled = true;
    show(said, h("p.dim.spin", {}, now.server || now.base_url ? "beginning" : "the model's server starts; the first time this takes a while"));
    try {
      const { id } = await post("/episodes", { task: task.value, approve: approve.value });
      location.hash = `#/episodes/${id}`;
    } catch (error) {
      show(said, failed(error));
      button.disabled = false;
    }
  };
  task.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) start(event); });
  return h("form", { onsubmit: start }, task, h("div.row", {}, approve, button, h("span.dim.small.grow", {}, where(now))), said);
}

const where = (now) => (now.workspace ? `tools work in ${now.workspace}` : "each run gets an empty folder of its own");

function filter(wanted, list) {
  const look = (name) => (event) => { wanted[name] = event.target.value; wanted.offset = 0; list(); };
  return h("div.row", {},
    h("select", { "aria-label": "Status", onchange: look("status") }, h("option", { value: "" }, "any end"), STATES.map((state) => h("option", { value: state }, state))),
    h("input.grow", { type: "search", placeholder: "task contains", "aria-label": "Task contains", oninput: look("text") }));
}

function rows(page) {
  if (!page.total) return h("p.dim", {}, "No runs here yet.");
  return table(
    [{ name: "task", wide: true }, { name: "end" }, { name: "calls", n: true }, { name: "time", n: true }, { name: "begun", aside: true }],
    page.episodes.map((each) => [
      h("a", { href: `#/episodes/${each.id}` }, each.task), badge(each.status), String(each.tool_calls), seconds(each.wall_s), h("span.dim.small", {}, when(each.started_at)),
    ]));
}

function pager(page, wanted, list) {
  if (page.total <= AT_A_TIME) return h("p.dim.small", {}, count(page.total, "run"));
  const turn = (by) => () => { wanted.offset += by; list(); };
  const last = Math.min(wanted.offset + AT_A_TIME, page.total);
  return h("div.row", {},
    h("button", { disabled: wanted.offset === 0, onclick: turn(-AT_A_TIME) }, "newer"),
    h("button", { disabled: last >= page.total, onclick: turn(AT_A_TIME) }, "older"),
    h("span.dim.small", {}, `${wanted.offset + 1} to ${last} of ${count(page.total, "run")}`));
}
