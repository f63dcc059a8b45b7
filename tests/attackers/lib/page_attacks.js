// What a hostile page can do to a server on this machine, as a script of that page. It only asks; the test looks
// at what came of it. Classic script: it is put into the page as it is.
/* eslint-env browser */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const settled = (promise, ms = 1000) =>
  Promise.race([promise.then((value) => value ?? true), pause(ms).then(() => "silence")]).catch(() => "refused");

/** Forms: navigations of a frame that never answers to us. */
function submit(action, enctype, fields) {
  const frame = document.createElement("iframe");
  frame.name = `f${Math.random()}`;
  const form = Object.assign(document.createElement("form"), { method: "post", action, enctype, target: frame.name });
  for (const [name, value] of Object.entries(fields))
    form.append(Object.assign(document.createElement("input"), { name, value, type: "hidden" }));
  document.body.append(frame, form);
  form.submit();
}

/** JSON that a text/plain form can write: the equals sign ends up in a string. */
const asForm = (json) => {
  const text = JSON.stringify({ ...json, rest: "" });
  return { [text.slice(0, -2)]: text.slice(-2) };
};

/**
 * Everything a page can send that might change something. `wishes`: [method, path, json]. Resolves to what could
 * be read of the answers, which should be nothing.
 */
async function forge(origin, wishes) {
  const read = [];
  const look = (what, promise) =>
    settled(
      promise.then(async (answer) => {
        if (answer.type !== "opaque" && answer.ok) read.push(`${what}: ${await answer.text()}`);
        return answer.type;
      }),
    );
  const tries = [];
  for (const [method, path, json] of wishes) {
    const url = origin + path;
    const text = JSON.stringify(json ?? {});
    submit(url, "application/x-www-form-urlencoded", json ?? {});
    submit(url, "multipart/form-data", json ?? {});
    submit(url, "text/plain", asForm(json ?? {}));
    navigator.sendBeacon(url, text);
    navigator.sendBeacon(url, new Blob([text], { type: "text/plain" }));
    for (const type of ["text/plain", "text/plain; application/json", "application/x-www-form-urlencoded", undefined])
      tries.push(
        look(
          `no-cors ${method} ${path}`,
          fetch(url, {
            method: "POST",
            mode: "no-cors",
            credentials: "include",
            headers: type ? { "Content-Type": type } : {},
            body: type ? text : new Blob([text]),
          }),
        ),
      );
    // These ask first (preflight), except of the page's own origin.
    const headers = { "Content-Type": "application/json", "X-HTTP-Method-Override": method };
    tries.push(look(`cors ${method} ${path}`, fetch(url, { method, headers, body: method === "GET" ? undefined : text })));
    const authorization = { ...headers, Authorization: "Hearth AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };
    tries.push(
      look(`bearer ${method} ${path}`, fetch(url, { method, headers: authorization, body: method === "GET" ? undefined : text })),
    );
    tries.push(look(`GET ${path}`, fetch(`${url}?${new URLSearchParams({ body: text })}`, { credentials: "include" })));
  }
  await Promise.all(tries);
  await pause(300);
  return read;
}

/** WebSockets and event streams of another origin: which of them opened, or said anything. */
async function listen(origin, paths) {
  const heard = [];
  const tries = paths.map(async (path) => {
    const socket = new WebSocket(origin.replace("http", "ws") + path, ["hearth.graph.v1", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]);
    const bare = new WebSocket(origin.replace("http", "ws") + path);
    const events = new EventSource(origin + path, { withCredentials: true });
    for (const [kind, source] of Object.entries({ socket, bare, events })) {
      source.onopen = () => heard.push(`${kind} ${path} opened`);
      source.onmessage = ({ data }) => heard.push(`${kind} ${path}: ${data}`);
    }
    await pause(700);
    for (const source of [socket, bare, events]) source.close();
  });
  await Promise.all(tries);
  return heard;
}

/** Loads something by every element that loads things; which of them got it. */
async function load(urls) {
  const loaded = [];
  const element = (name, of, rest = {}) =>
    new Promise((resolve) => {
      const made = Object.assign(document.createElement(name), rest);
      made.onload = () => resolve(loaded.push(`${name} ${of}`));
      made.onerror = resolve;
      if (name === "link") made.href = of;
      else made.src = of;
      document.body.append(made);
    });
  await Promise.all(
    urls.flatMap((url) => [
      settled(element("img", url)),
      settled(element("script", url)),
      settled(element("link", url, { rel: "stylesheet" })),
      settled(element("video", url)),
      settled(fetch(url, { mode: "no-cors" }).then(() => loaded.push(`fetch ${url}`))),
    ]),
  );
  return loaded;
}
