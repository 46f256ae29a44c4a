// Scores: runs of suites, one with its tasks, two beside each other.

import { get, post } from "./api.js";
import { badge, bar, count, facts, failed, h, percent, plain, seconds, show, span, table, when } from "./dom.js";

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
    begin(),
    !total && h("p.dim", {}, "No scored runs yet."),
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

function begin() {
  const names = h("datalist", { id: "suites" });
  get("/suites").then(({ suites }) => show(names, suites.filter((each) => each.available).map((each) => h("option", { value: each.name }, count(each.tasks, "task")))), () => null);
  const said = h("div");
  const suite = h("input.grow", { required: true, list: "suites", "aria-label": "Suite", placeholder: "suite, or suite:category" });
  const limit = h("input", { type: "number", min: 1, "aria-label": "Tasks", placeholder: "all tasks" });
  const trials = h("input", { type: "number", min: 1, value: 1, "aria-label": "Trials of each" });
  const button = h("button.main", { type: "submit" }, "Score");
  return h("form", { onsubmit: async (event) => {
    event.preventDefault();
    button.disabled = true;
    show(said, h("p.dim.spin", {}, "beginning; a model's server may have to start first"));
    try {
      const { run: name } = await post("/evals", { suite: suite.value, trials: Number(trials.value), ...(limit.value && { limit: Number(limit.value) }) });
      location.hash = `#/evals/${encodeURIComponent(name)}`;
    } catch (error) {
      show(said, failed(error));
      button.disabled = false;
    }
  } }, h("div.row", {}, suite, h("label.small.dim", {}, limit), h("label.small.dim", {}, "trials ", trials), button),
  names, said);
}

const AGAIN_MS = 3000;

export async function run(place, name, signal) {
  const score = await get(`/evals/${encodeURIComponent(name)}`);
  if (score.live) setTimeout(() => signal.aborted || run(place, name, signal).catch((error) => show(place, failed(error))), AGAIN_MS);
  const tasks = h("div");
  const draw = (which) => show(tasks, results(score.results.filter((each) => which === "all" || (which === "passed") === (each.status === "passed"))));
  const choice = h("select", { "aria-label": "Trials", onchange: (event) => draw(event.target.value) },
    ["not passed", "passed", "all"].map((which) => h("option", { value: which }, which)));
  show(place,
    h("h1", {}, name),
    h("p", {}, h("strong", {}, percent(score.pass_at_1)), h("span.dim", {}, `  95 % interval ${span(score.interval) || "not known"}; ${count(score.tasks, "task")}, ${count(score.trials, "trial")} of each`),
      score.missing > 0 && h("span.warn", {}, `; ${count(score.missing, "trial")} still to do`)),
    going(place, name, score, signal),
    h("details", {}, h("summary", {}, "what it depends on"), facts(Object.entries(score.conditions))),
    h("h2", {}, "By tag"), tags(score),
    h("div.row", {}, h("h2.grow", {}, "Trials"), choice), tasks);
  draw("not passed");
}

// What a run that is not done waits for.
function going(place, name, score, signal) {
  if (!score.live && !score.missing) return null;
  const said = h("div");
  const act = (word, verb) => h("button", { onclick: async (event) => {
    event.target.disabled = true;
    await post(`/evals/${encodeURIComponent(name)}/${verb}`).then(() => run(place, name, signal)).catch((error) => show(said, failed(error)));
  } }, word);
  return [h("div.row", {}, score.live ? [h("span.spin.grow", { role: "status" }, "at work"), act("Stop", "stop")] : act("Resume", "resume")), said];
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
