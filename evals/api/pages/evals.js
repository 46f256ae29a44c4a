// Scores: runs of suites, one with its tasks, two beside each other.

import { get } from "./api.js";
import { badge, bar, count, facts, h, percent, plain, seconds, show, span, table, when } from "./dom.js";

const AT_A_TIME = 30;

export const evals = (place) => page(place, 0);

async function page(place, offset) {
  const { runs, total } = await get("/evals", { limit: AT_A_TIME, offset });
  const turn = (by) => () => page(place, offset + by);
  const chosen = new Set();
  const button = h("button", { disabled: true, onclick: () => { location.hash = `#/compare/${runs.map((each) => each.run).filter((each) => chosen.has(each)).reverse().map(encodeURIComponent).join("/")}`; } }, "Compare two");
  const choose = (run) => (event) => {
    if (event.target.checked) chosen.add(run); else chosen.delete(run);
    button.disabled = chosen.size !== 2;
  };
  show(place,
    h("h1", {}, "Scores"),
    !total && h("p.dim", {}, "No scored runs yet. Begin one with: ", h("code", {}, "coterie eval run examples")),
    total > 0 && h("div.row", {}, button, h("span.dim.small.grow", {}, "the earlier one is the baseline"),
      h("button", { disabled: offset === 0, onclick: turn(-AT_A_TIME) }, "newer"),
      h("button", { disabled: offset + runs.length >= total, onclick: turn(AT_A_TIME) }, "older"),
      h("span.dim.small", {}, `${offset + 1} to ${offset + runs.length} of ${count(total, "run")}`)),
    total > 0 && table(
      [{ name: "" }, { name: "run" }, { name: "suite" }, { name: "agent", aside: true }, { name: "model", aside: true }, { name: "pass@1", n: true }, { name: "" }, { name: "tasks", n: true }, { name: "begun", aside: true }],
      runs.map((each) => [
        h("input", { type: "checkbox", "aria-label": `compare ${each.run}`, onchange: choose(each.run) }),
        h("a", { href: `#/evals/${encodeURIComponent(each.run)}` }, each.run),
        each.category ? `${each.suite}:${each.category}` : each.suite,
        each.agent, each.model, percent(each.pass_at_1), bar(each.pass_at_1, each.interval),
        each.missing ? `${each.done} of ${each.tasks * each.trials}` : String(each.tasks),
        h("span.dim.small", {}, when(each.started_at)),
      ])));
}

export async function run(place, name) {
  const score = await get(`/evals/${encodeURIComponent(name)}`);
  const tasks = h("div");
  const draw = (which) => show(tasks, results(score.results.filter((each) => which === "all" || (which === "passed") === (each.status === "passed"))));
  const choice = h("select", { "aria-label": "Trials", onchange: (event) => draw(event.target.value) },
    ["not passed", "passed", "all"].map((which) => h("option", { value: which }, which)));
  show(place,
    h("h1", {}, name),
    h("p", {}, h("strong", {}, percent(score.pass_at_1)), h("span.dim", {}, `  95 % interval ${span(score.interval) || "not known"}; ${count(score.tasks, "task")}, ${count(score.trials, "trial")} of each`),
      score.missing ? h("span.warn", {}, `; ${count(score.missing, "trial")} still to do`) : null),
    h("details", {}, h("summary", {}, "what it depends on"), facts(Object.entries(score.conditions))),
    h("h2", {}, "By tag"), tags(score),
    h("div.row", {}, h("h2.grow", {}, "Trials"), choice), tasks);
  draw("not passed");
}

const tags = (score) => table([{ name: "tag" }, { name: "pass@1", n: true }, { name: "" }, { name: "tasks", n: true }],
  Object.entries(score.by_tag).filter(([tag]) => !tag.startsWith("family:"))
    .map(([tag, row]) => [tag, percent(row.pass_at_1), bar(row.pass_at_1, row.interval), String(row.tasks ?? "")]));

function results(trials) {
  if (!trials.length) return h("p.dim", {}, "None.");
  return table([{ name: "task", wide: true }, { name: "" }, { name: "calls", n: true }, { name: "time", n: true }],
    trials.map((each) => [
      [h("a", { href: each.episodes.length ? `#/episodes/${each.episodes.at(-1)}` : null }, each.task), each.trial > 1 && h("span.dim", {}, ` trial ${each.trial}`),
        h("div.dim.small", {}, each.reasons.join("; "))],
      badge(each.status), String(each.tool_calls), seconds(each.wall_s),
    ]));
}

export async function compared(place, baseline, name) {
  const { difference, interval, p_value: p, ...rest } = await get("/compare", { baseline, run: name });
  show(place,
    h("h1", {}, `${name} less ${baseline}`),
    h("p", {}, h("strong", {}, points(difference)), h("span.dim", {}, interval ? `  95 % interval ${points(interval[0])} to ${points(interval[1])}, p = ${p?.toPrecision(3) ?? "not known"}` : "  no interval: no spread between tasks")),
    h("p.dim", {}, interval && interval[0] <= 0 && interval[1] >= 0 ? "The difference may be chance." : ""),
    h("h2", {}, "Tasks that differ"), differing(rest.comparisons[0]),
    h("details", {}, h("summary", {}, "all figures"), h("pre", {}, plain(rest))));
}

const points = (share) => (share == null ? "–" : `${(100 * share).toFixed(1)} points`);

function differing({ changed }) {
  if (!changed?.length) return h("p.dim", {}, "None.");
  return table([{ name: "task", wide: true }, { name: "baseline", n: true }, { name: "run", n: true }],
    changed.map((each) => [each.task, percent(each.a), percent(each.b)]));
}
