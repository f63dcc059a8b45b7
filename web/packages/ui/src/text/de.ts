import type { UiKey } from "./en.ts";

export const de: Record<UiKey, string> = {
  "ui.close": "Schließen",
  "ui.undo": "Rückgängig",
  "ui.dismiss": "Ausblenden",
  "ui.show_password": "Passwort anzeigen",
  "ui.hide_password": "Passwort verbergen",
  "ui.notifications": "Mitteilungen",
  "ui.clear_search": "Suche leeren",
  "ui.details": "Einzelheiten",
  "ui.copy": "Kopieren",
  "ui.copied": "Kopiert",
  "ui.more": "Mehr",
  "ui.direct": "Direkt",
  "ui.relayed": "Vermittelt",
  "ui.connecting": "Verbindet",
  "ui.offline": "Offline",
  "ui.skip": "Zum Inhalt springen",
};
