// One run: while it goes on, and its record: what was planned, done and seen, and what can be made of it.

import { get, post, remove } from "./api.js";
import { badge, called, count, facts, failed, h, plain, s, seconds, show, table, when } from "./dom.js";
import { follow } from "./follow.js";

export async function episode(place, id, signal) {
  let record = await get(`/episodes/${id}`);
  if (record.live) {
    const drawn = h("div");
    show(place, h("h1", {}, record.task), drawn);
    await follow(drawn, id, signal);
    record = await get(`/episodes/${id}`);
  }
  draw(place, record, signal);
}

function draw(place, record, signal) {
  const said = h("div");
  const sunk = h("div");
  show(place,
    h("h1", {}, record.task),
    h("div.row", {}, badge(record.outcome?.status ?? "running"), h("span.dim.small.grow", {}, spent(record)), acts(place, record, said, signal)),
    record.outcome?.answer && h("p.answer", {}, record.outcome.answer),
    record.outcome?.error && h("p.warn", {}, record.outcome.error),
    said, sunk,
    h("div.split", {},
      h("section", {}, h("h2", {}, "Plan"), plan(record), h("h2", {}, "About"), about(record)),
      h("section", {}, h("h2", {}, "Steps"), record.steps.map((step) => card(record, step, said)))));
  explain(sunk, record);
}

const spent = ({ usage }) => `${count(usage.tool_calls, "call")}, ${count(usage.prompt_tokens + usage.completion_tokens, "token")}, ${seconds(usage.wall_s)}`;

const MARKS = { done: ["✓", "ok"], failed: ["✗", "bad"], skipped: ["–", "dim"], pending: ["·", "dim"] };

function plan(record) {
  if (record.refusal) return h("p.warn", {}, record.refusal);
  return h("ol.plan", {}, record.plan.map((step) => {
    const [mark, tone] = MARKS[step.status] ?? MARKS.pending;
    return h("li", {}, h(`span.${tone}`, { title: step.status }, mark), h("span", {}, step.do));
  }));
}

const about = (record) => facts([
  ["id", record.id],
  ["begun", when(record.started_at)],
  ["model", record.model.name],
  ["weights", record.model.weights_sha256?.slice(0, 12)],
  ["kernels", record.model.kernels],
  ["workspace", record.task_origin?.workspace],
  ["forked from", record.parent && h("a", { href: `#/episodes/${record.parent}` }, `${record.parent}${record.parent_step ? `, step ${record.parent_step}` : ""}`)],
]);

// What can be done with a run that is over.
function acts(place, record, said, signal) {
  const act = (name, title, does) => {
    const button = h("button", { title, onclick: async () => {
      button.disabled = true;
      show(said, h("p.dim.spin", {}, name.toLowerCase()));
      await does().then((shown) => show(said, shown), (error) => show(said, failed(error)));
      button.disabled = false;
    } }, name);
    return button;
  };
  const resumable = ["cancelled", "infrastructure", "limit"].includes(record.outcome?.status) || !record.outcome;
  return [
    resumable && act("Resume", "Go on where it was interrupted", async () => {
      await post(`/episodes/${record.id}/resume`);
      episode(place, record.id, signal).catch((error) => show(place, failed(error)));
    }),
    record.outcome && act("Replay", "The loop once more on the record: the same states, nothing is called", async () => replayed(await post(`/episodes/${record.id}/replay`))),
    record.parent && act("Compare", "Where it parts from the run it forks", async () => parted(await get(`/episodes/${record.parent}/diff/${record.id}`))),
    act("Export", "The whole record as a file", async () => { save(await get(`/episodes/${record.id}/export`), `${record.id}.json`); return null; }),
    act("Delete", "Remove the run with all that is of it", async () => {
      if (!confirm("Delete this run with its memory, failures and effects?")) return null;
      await remove(`/episodes/${record.id}`);
      location.hash = "#/";
      return null;
    }),
  ];
}

function replayed(done) {
  const what = `${count(done.steps, "step")}, ${count(done.model_calls, "completion")} and ${count(done.tool_calls, "result")} from the record; nothing was called.`;
  return h("div.card", {}, h("p", {}, what),
    done.drift ? h("p.bad", {}, `Drift at ${done.drift}`) : h("p.ok", {}, "The same as recorded, every step's state by its hash."),
    done.note && h("p.dim.small", {}, done.note));
}

function parted({ same, differences }) {
  if (same) return h("p.ok", {}, "The same: every step, completion and result.");
  return h("div.card", {}, h("p", {}, "They part here; what follows, follows from it."),
    table([{ name: "step", n: true }, { name: "what" }, { name: "before" }, { name: "now" }],
      differences.slice(0, 20).map((each) => [String(each.step_id), each.field, h("code", {}, each.first), h("code", {}, each.second)])),
    differences.length > 20 && h("p.dim.small", {}, `and ${differences.length - 20} more`));
}

function save(data, name) {
  const url = URL.createObjectURL(new Blob([JSON.stringify(data, null, 1)], { type: "application/json" }));
  h("a", { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}

// Why it failed, which for a suite's trial is found by doing it again.
async function explain(place, record) {
  const { analysis } = await get(`/episodes/${record.id}/analysis`).catch(() => ({}));
  if (!analysis) return;
  show(place, h("div.card.sunk", {},
    h("div.head", {}, h("strong", {}, analysis.cause), analysis.mast && h("span.dim.small", { title: "failure mode of MAST" }, analysis.mast),
      analysis.step_id && h("a", { href: "", onclick: (event) => { event.preventDefault(); document.getElementById(`step-${analysis.step_id}`)?.scrollIntoView({ behavior: "smooth" }); } }, `step ${analysis.step_id}${analysis.decisive ? ", which sank it" : ""}`)),
    h("p", {}, analysis.message)));
  if (analysis.decisive) document.getElementById(`step-${analysis.step_id}`)?.classList.add("sunk");
}

function card(record, step, said) {
  const results = new Map((step.observation?.results ?? []).map((result) => [result.source_call_id, result]));
  return h("div.card", { id: `step-${step.step_id}` },
    h("div.head", {},
      h("span.dim", {}, step.step_id), h("strong", {}, step.node),
      h("span.grow.dim.small", {}, step.plan_step ? record.plan.find((each) => each.number === step.plan_step)?.do ?? `step ${step.plan_step} of the plan` : ""),
      step.verdict && badge(step.verdict),
      h("span.dim.small", {}, step.metrics ? `${seconds(step.metrics.wall_s)}` : "")),
    step.tool_calls.map((call) => [called(call.function_name, call.arguments), result(results.get(call.tool_call_id))]),
    step.message && h("p.small.lines", {}, step.message.trim()),
    step.plan && h("details", {}, h("summary", {}, step.plan.refusal ? "refusal" : count(step.plan.steps.length, "planned step")), h("pre", {}, step.plan.refusal ?? step.plan.steps.map((each) => `${each.number}. ${each.do}`).join("\n"))),
    asked(record, step), forking(record, step, said));
}

const result = (seen) => seen && h(seen.is_error ? "pre.bad" : "pre", {}, seen.content || "(nothing)");

// What the model was asked in a step, word for word, fetched when somebody looks.
function asked(record, step) {
  if (!step.metrics) return null;
  const inside = h("div");
  return h("details", { ontoggle: async (event) => {
    if (!event.target.open || inside.childElementCount) return;
    record.full ??= get(`/episodes/${record.id}`, { full: true });
    const { model_calls: calls } = await record.full;
    show(inside, calls.filter((call) => call.step_id === step.step_id).map(completion));
  } }, h("summary", {}, "prompt, completion, experts"), inside);
}

function completion(call) {
  const sure = call.logprobs?.length ? Math.exp(Math.min(...call.logprobs)) : null;
  return h("div", {},
    h("p.dim.small", {}, `${call.purpose}: ${count(call.prompt_tokens, "token")} read, ${call.completion_tokens} written in ${seconds(call.wall_s)}${sure == null ? "" : `; its least likely token had a probability of ${sure.toFixed(2)}`}`),
    call.messages.map((message) => h("details", {}, h("summary", {}, message.role), h("pre", {}, message.content))),
    call.prompt && h("details", {}, h("summary", {}, "prompt"), h("pre", {}, call.prompt)),
    h("pre", {}, call.completion || call.error || ""),
    call.routed_experts?.counts && experts(call.routed_experts));
}

// Which experts fired: a column for each layer, a row for each expert, the darker the more tokens chose it.
function experts({ counts, tokens, top_k }) {
  const size = 9;
  const most = Math.max(1, ...counts.flat());
  return h("details", {}, h("summary", {}, `experts: ${top_k} of ${counts[0].length} for each of ${count(tokens, "token")} in ${count(counts.length, "layer")}`),
    s("svg", { class: "experts", width: counts.length * size, height: counts[0].length * size, role: "img", "aria-label": "how often each expert of each layer fired" },
      counts.map((fired, layer) => fired.map((n, expert) =>
        s("rect", { x: layer * size, y: expert * size, width: size - 1, height: size - 1, "fill-opacity": (n / most).toFixed(2) }, s("title", {}, `layer ${layer}, expert ${expert}: ${n} of ${tokens}`))))));
}

// The run again, live from this step, perhaps with another result of its call.
function forking(record, step, said) {
  if (!record.outcome || !["plan", "act", "replan", "finish"].includes(step.node)) return null;
  const [seen] = step.observation?.results ?? [];
  const text = h("textarea", { rows: 3, "aria-label": "Result" }, seen?.content ?? "");
  const trials = h("input", { type: "number", min: 1, max: 20, value: 1, "aria-label": "Trials" });
  const temperature = h("input", { type: "number", min: 0, max: 2, step: 0.1, value: 0, "aria-label": "Temperature" });
  const start = async () => {
    show(said, h("p.dim.spin", {}, `live from step ${step.step_id}`));
    said.scrollIntoView({ block: "nearest" });
    const edited = seen && text.value !== seen.content;
    const asked = { trials: Number(trials.value), temperature: Number(temperature.value), approve: "auto" };
    try {
      const done = await post(`/episodes/${record.id}/forks`, edited ? { ...asked, edit: { step: step.step_id, result: text.value } } : { ...asked, step: step.step_id });
      show(said, forked(done));
    } catch (error) {
      show(said, failed(error));
    }
  };
  return h("details", {}, h("summary", {}, "run again from here"),
    seen && h("label", {}, "with this result", text),
    h("div.row", {}, h("label", {}, "trials ", trials), h("label", {}, "temperature ", temperature), h("button", { onclick: start }, "Run")));
}

function forked(done) {
  return h("div.card", {},
    h("p", {}, `${done.trials.filter((each) => each.flipped).length} of ${done.trials.length} ended otherwise than ${done.was}.`),
    table([{ name: "trial", n: true }, { name: "end" }, { name: "first difference", wide: true }],
      done.trials.map((each) => [
        h("a", { href: `#/episodes/${each.episode}` }, String(each.trial)),
        each.passed == null ? badge(each.status) : badge(each.passed ? "passed" : "failed"),
        each.first_difference ? `step ${each.first_difference.step_id}, ${each.first_difference.field}: ${plain(each.first_difference.second)}` : "the same to the end",
      ])));
}
