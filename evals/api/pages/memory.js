// Memory: what a task would recall and why, what is known, stating and forgetting.

import { get, post, remove } from "./api.js";
import { failed, h, show, table, when } from "./dom.js";

export async function memory(place) {
  const found = h("div");
  const known = h("div");
  const said = h("div");
  const list = async () => {
    const { statements } = await get("/memory");
    show(known, stated(statements, list, said));
  };
  show(place, h("h1", {}, "Memory"), search(found), found, h("h2", {}, "Facts and lessons"), state(list, said), said, known);
  await list();
}

function search(found) {
  const query = h("input.grow", { type: "search", required: true, "aria-label": "Task", placeholder: "What would this task recall?" });
  return h("form.row", { onsubmit: async (event) => {
    event.preventDefault();
    show(found, h("p.dim.spin", {}, "recalling"));
    await get("/memory/search", { query: query.value, limit: 8 }).then(({ hits }) => show(found, hits.length ? hits.map(hit) : h("p.dim", {}, "Nothing.")), (error) => show(found, failed(error)));
  } }, query, h("button", { type: "submit" }, "Recall"));
}

const hit = (each) => h("div.card", {},
  h("div.head", {}, h("span.dim", {}, each.score.toFixed(3)), h("span.grow", {}, each.text)),
  h("p.dim.small", {}, each.kind === "episode" ? h("a", { href: `#/episodes/${each.source_id}` }, each.source_id) : each.source_id, `: ${each.why}`));

function state(list, said) {
  const text = h("input.grow", { required: true, "aria-label": "Statement", placeholder: "Remember that …" });
  const kind = h("select", { "aria-label": "Kind" }, h("option", { value: "fact" }, "a fact"), h("option", { value: "lesson" }, "a lesson"));
  return h("form.row", { onsubmit: async (event) => {
    event.preventDefault();
    await post("/memory", { text: text.value, kind: kind.value }).then(() => { text.value = ""; show(said); return list(); }).catch((error) => show(said, failed(error)));
  } }, text, kind, h("button", { type: "submit" }, "Remember"));
}

function stated(statements, list, said) {
  if (!statements.length) return h("p.dim", {}, "Nothing has been stated yet; runs are remembered by themselves.");
  const forget = (each) => async () => {
    if (confirm(`Forget: ${each.text}`)) await remove(`/memory/${each.id}`).then(list).catch((error) => show(said, failed(error)));
  };
  return table([{ name: "statement", wide: true }, { name: "kind" }, { name: "for" }, { name: "from", aside: true }, { name: "since", aside: true }, { name: "" }],
    statements.map((each) => [each.text, each.id.split("-")[0], each.namespace, each.source, h("span.dim.small", {}, when(each.recorded_at)), h("button", { onclick: forget(each) }, "Forget")]));
}
