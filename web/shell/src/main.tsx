import "./fonts.css";
import "@hearth/ui/style.css";
import "./styles/index.css";
import { readPreferences, showPreferences } from "@hearth/ui";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { keepShell, keepsNothing } from "./model/kept_shell.ts";
import { takeLink } from "./model/link.ts";
import { Session } from "./model/session.ts";
import { makeTexts } from "./text/index.ts";

// First of all: the link's secret leaves the address bar.
const link = takeLink(location, history);

async function begin(): Promise<void> {
  const texts = makeTexts();
  const preferences = readPreferences(localStorage, navigator.languages);
  showPreferences(preferences, document);
  const [{ sdkPlatform }] = await Promise.all([import("./platform_sdk.ts"), texts.use(preferences.locale)]);
  const session = new Session(sdkPlatform(), Date.now);
  // A page that only just opened has better things to load than what it may need next time.
  const settled = new Promise((resolve) => setTimeout(resolve, 2000));
  const shell =
    import.meta.env.PROD && "serviceWorker" in navigator
      ? keepShell(navigator.serviceWorker, settled)
      : keepsNothing;
  createRoot(document.getElementById("root")!).render(<App session={session} shell={shell} texts={texts} />);
  await session.start(link);
}

void begin();
