// The API as the pages use it. The token comes behind the # of the address that `coterie ui` printed, and is kept.

const KEPT = "coterie-token";

export function takeToken() {
  const given = /^#token=(.+)$/.exec(location.hash);
  if (!given) return;
  localStorage.setItem(KEPT, decodeURIComponent(given[1]));
  history.replaceState(null, "", "#/");
}

const headers = () => ({ Authorization: `Bearer ${localStorage.getItem(KEPT) ?? ""}` });

async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { ...options, headers: { ...headers(), ...options.headers } });
  } catch {
    throw new Error("The server does not answer. Is coterie ui still running?");
  }
  if (answer.ok) return answer;
  if (answer.status === 401) throw new Error("This page does not have the token: open the address that coterie ui printed.");
  const told = await answer.json().catch(() => null);
  throw new Error(told?.error?.message ?? `${answer.status} ${answer.statusText}`);
}

export const get = async (path, query = {}) => {
  const given = Object.entries(query).filter(([, value]) => value != null && value !== "");
  return (await ask(given.length ? `${path}?${new URLSearchParams(given)}` : path)).json();
};

export const post = async (path, body = {}) => {
  const answer = await ask(path, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
  return answer.status === 204 ? null : answer.json();
};

export const remove = (path) => ask(path, { method: "DELETE" });

// The events of a run, from its first, until it is over or the page is left.
export async function* events(episode, signal) {
  const answer = await ask(`/episodes/${episode}/events`, { signal });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split(/\r?\n\r?\n/);
    rest = parts.pop();
    for (const part of parts) {
      const data = part.split(/\r?\n/).filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trim());
      if (data.length) yield JSON.parse(data.join("\n"));
    }
  }
}
