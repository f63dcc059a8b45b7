import "./fonts.css";
import "@hearth/ui/style.css";
import "./styles/index.css";
import { chooseLocale, directionOf, Toasts } from "@hearth/ui";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { FilesApi } from "./model/api.ts";
import { TusTransport } from "./model/tus.ts";
import { Thumbnails } from "./model/thumbnails.ts";
import { Uploads } from "./model/uploads.ts";
import { makeTexts } from "./text/index.ts";

/** `?lang=de&theme=dark`, as whoever frames us may say; kept for this tab, so that links needn't repeat it. */
function hint(name: "lang" | "theme"): string | null {
  const given = new URLSearchParams(location.search).get(name);
  try {
    if (given !== null) sessionStorage.setItem(`files.${name}`, given);
    return given ?? sessionStorage.getItem(`files.${name}`);
  } catch {
    return given;
  }
}

async function begin(): Promise<void> {
  const lang = hint("lang");
  const theme = hint("theme");
  const locale = chooseLocale([...(lang === null ? [] : [lang]), ...navigator.languages]);
  const html = document.documentElement;
  html.lang = locale;
  html.dir = directionOf(locale);
  if (theme === "light" || theme === "dark") html.dataset.theme = theme;
  const texts = makeTexts();
  await texts.use(locale);
  const uploads = new Uploads(
    new TusTransport(() => performance.now()),
    () => performance.now(),
    () => {
      dispatchEvent(new Event("hearth-uploaded"));
    },
  );
  const world = {
    api: new FilesApi(),
    uploads,
    thumbnails: new Thumbnails(),
    toasts: new Toasts(),
    now: Date.now,
  };
  createRoot(document.getElementById("root")!).render(<App world={world} texts={texts} />);
}

void begin();
