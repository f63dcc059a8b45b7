/**
 * The whole shell over a made-up box: `?scene=inside&reach=relayed&theme=dark&lang=ar&path=/devices`. Tests and
 * screenshots open it; nothing of it is in the shell's own bundle.
 */
import "../src/fonts.css";
import "@hearth/ui/style.css";
import "../src/styles/index.css";
import { readPreferences, showPreferences, writePreferences, chooseLocale, type Theme } from "@hearth/ui";
import { createMemoryHistory } from "@tanstack/react-router";
import { createRoot } from "react-dom/client";
import { App } from "../src/app.tsx";
import type { KeptShell, ShellKeeping } from "../src/model/kept_shell.ts";
import { classify } from "../src/model/link.ts";
import { Session } from "../src/model/session.ts";
import { makeTexts } from "../src/text/index.ts";
import { FakeBox, type Scene } from "./fake_box.ts";

const query = new URLSearchParams(location.search);
writePreferences(localStorage, {
  theme: (query.get("theme") ?? "system") as Theme,
  locale: chooseLocale([query.get("lang") ?? "en"]),
});
const preferences = readPreferences(localStorage, []);
const texts = makeTexts();
await texts.use(preferences.locale);
showPreferences(preferences, document);

const box = new FakeBox((query.get("scene") ?? "inside") as Scene, query);
Object.assign(globalThis, { box });
const session = new Session(box.platform, Date.now);
const history = createMemoryHistory({ initialEntries: [query.get("path") ?? "/"] });
Object.assign(globalThis, { place: () => history.location.href, go: (by: number) => history.go(by) });
const kept: KeptShell = {
  version: Math.floor(Date.UTC(2026, 9, 12) / 1000),
  keys: ["q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA"],
  checked: Date.now() - 3600_000,
  refused: query.has("refused")
    ? {
        reason: (query.get("refused") ?? "file") as NonNullable<KeptShell["refused"]>["reason"],
        at: Date.now() - 60_000,
        path: "/index.html",
        version: 1_791_800_000,
      }
    : null,
};
const shell: ShellKeeping = { snapshot: () => kept, subscribe: () => () => {}, check: () => {} };
createRoot(document.getElementById("root")!).render(
  <App session={session} shell={shell} texts={texts} history={history} />,
);
await session.start(classify(query.get("link") ?? ""));
