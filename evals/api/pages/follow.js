// A run while it goes on: its events folded into one picture, drawn again after each.

import { events, post } from "./api.js";
import { badge, called, count, failed, h, plain, show } from "./dom.js";

const DOING = { plan: "planning", act: "choosing a call", judge: "reading a result", replan: "planning anew", answer: "answering" };

// Draws until the run is over; the caller then shows its record.
export async function follow(place, episode, signal) {
  const view = { steps: new Map(), recalled: [], doing: "beginning", tokens: 0, calls: 0, question: null };
  const said = h("div");
  for await (const event of events(episode, signal)) {
    take(view, event);
    show(place, drawn(view, episode, said));
  }
}

function take(view, event) {
  const step = (number) => view.steps.get(number) ?? view.steps.set(number, { number, do: "" }).get(number);
  switch (event.event) {
    case "Waiting": view.doing = event.what; break;
    case "MemoryRecalled": view.recalled = event.lines; break;
    case "ModelAsked": view.doing = DOING[event.purpose] ?? event.purpose; break;
    case "ModelAnswered": view.tokens = event.spent.prompt_tokens + event.spent.completion_tokens; break;
    case "RunStarted":
    case "PlanMade":
      for (const planned of event.steps) Object.assign(step(planned.number), { do: planned.do, status: planned.status });
      view.refusal = event.refusal;
      break;
    case "StepStarted": Object.assign(step(event.number), { do: event.do, active: true, verdict: null }); break;
    case "CallDrafted":
    case "CallStarted":
      Object.assign(step(event.call.number), { tool: event.call.name, arguments: event.call.arguments, result: null });
      if (event.event === "CallStarted") view.doing = `running ${event.call.name}`;
      break;
    case "ResultSeen":
      view.calls += 1;
      Object.assign(step(event.call.number), { result: event.call.observed.text, error: event.call.observed.is_error });
      break;
    case "VerdictGiven": {
      const { word, note } = event.call.judged;
      const seen = step(event.call.number);
      Object.assign(seen, { verdict: word, note, active: word === "retry" });
      if (word !== "retry") seen.status = seen.error && word !== "done" ? "failed" : "done";
      break;
    }
    case "PersonAsked": view.question = event; view.doing = "waiting for you"; break;
    case "PersonAnswered": view.question = null; break;
  }
}

function drawn(view, episode, said) {
  const end = async (button) => {
    button.disabled = true;
    await post(`/episodes/${episode}/stop`).catch((error) => show(said, failed(error)));
  };
  return [
    h("div.row", {},
      h("span.spin.grow", { role: "status" }, view.doing),
      h("span.dim.small", {}, `${count(view.calls, "call")}, ${count(view.tokens, "token")}`),
      h("button", { onclick: (event) => end(event.target) }, "Stop")),
    said,
    view.question && asked(view, episode, said),
    view.recalled.length > 0 && h("details", {}, h("summary", {}, `recalled ${view.recalled.length} ${view.recalled.length === 1 ? "memory" : "memories"}`), h("pre", {}, view.recalled.join("\n"))),
    view.refusal && h("p.warn", {}, view.refusal),
    [...view.steps.values()].map((step) =>
      h("div.card", {},
        h("div.head", {}, h("span.dim", {}, step.number), h("span.grow", {}, step.do), step.active ? h("span.spin.dim.small", {}, "at work") : badge(step.status ?? "pending")),
        step.tool && called(step.tool, step.arguments),
        step.result != null && h(step.error ? "pre.bad" : "pre", {}, step.result),
        step.verdict && step.verdict !== "done" && h("p.small.warn", {}, `${step.verdict}: ${step.note}`))),
  ];
}

function asked(view, episode, said) {
  const { question, text, tool, arguments: given } = view.question;
  const say = (yes) => async () => {
    try {
      await post(`/episodes/${episode}/questions/${question}`, { yes });
    } catch (error) {
      show(said, failed(error));
    }
  };
  return h("div.card.asks", { role: "alertdialog", "aria-label": text },
    h("p", {}, text), h("strong", {}, tool), h("pre", {}, plain(given)),
    h("div.row", {}, h("button.main", { onclick: say(true) }, "Run it"), h("button", { onclick: say(false) }, "Do not")));
}
