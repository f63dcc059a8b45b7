import "./fonts.css";
import "@hearth/ui/style.css";
import "./shell.css";
import { readPreferences, showPreferences } from "@hearth/ui";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
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
  createRoot(document.getElementById("root")!).render(<App session={session} texts={texts} />);
  await session.start(link);
}

void begin();
