// Tools: what a run begun here is offered.

import { get } from "./api.js";
import { h, plain, show, table } from "./dom.js";

const TONES = { read: "ok", write: "warn", dangerous: "bad" };

export async function tools(place) {
  const { tools: offered } = await get("/tools");
  show(place,
    h("h1", {}, "Tools"),
    h("p.dim", {}, "What a run begun here is offered. More with ", h("code", {}, "coterie ui --tools FILE --mcp SERVER"), "."),
    table([{ name: "tool" }, { name: "what it does", wide: true }, { name: "effect" }, { name: "from" }],
      offered.map((tool) => [
        h("code", {}, tool.name),
        [h("div", {}, tool.description.split("\n")[0]), h("details", {}, h("summary", {}, "arguments"), h("pre", {}, plain(tool.parameters)))],
        h(`span.${TONES[tool.effect]}`, {}, tool.effect),
        h("span.dim.small", {}, tool.source),
      ])));
}
