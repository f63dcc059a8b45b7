import { readPreferences, showPreferences, writePreferences, type Preferences, type Texts } from "@hearth/ui";
import { createContext, use, useCallback, useEffect, useMemo, useState, type ReactNode } from "react";

interface Control {
  preferences: Preferences;
  change: (next: Partial<Preferences>) => void;
}

const Context = createContext<Control | null>(null);

export function usePreferences(): Control {
  const control = use(Context);
  if (!control) throw new Error("no PreferencesProvider above this component");
  return control;
}

export function PreferencesProvider({ texts, children }: { texts: Texts; children: ReactNode }) {
  const [preferences, set] = useState(() => readPreferences(localStorage, navigator.languages));
  // Kept only once chosen: until then the browser's own settings hold, also when they change.
  const change = useCallback(
    (next: Partial<Preferences>) => {
      const changed = { ...preferences, ...next };
      set(changed);
      writePreferences(localStorage, changed);
    },
    [preferences],
  );
  useEffect(() => {
    void texts.use(preferences.locale).then(() => showPreferences(preferences, document));
  }, [preferences, texts]);
  const control = useMemo(() => ({ preferences, change }), [preferences, change]);
  return <Context value={control}>{children}</Context>;
}
