import { TextsProvider, Toasts, type Texts } from "@hearth/ui";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider, type RouterHistory } from "@tanstack/react-router";
import { StrictMode, useMemo, useState } from "react";
import { explain } from "./model/errors.ts";
import { keepsNothing, type ShellKeeping } from "./model/kept_shell.ts";
import type { Session } from "./model/session.ts";
import { PreferencesProvider } from "./preferences.tsx";
import { makeRouter } from "./router.tsx";
import { WorldContext } from "./shared.tsx";

/** Errors that a second try may heal. */
const passing = new Set(["timeout", "cut_short", "unavailable"]);

export function App({
  session,
  shell = keepsNothing,
  texts,
  history,
}: {
  session: Session;
  shell?: ShellKeeping;
  texts: Texts;
  history?: RouterHistory;
}) {
  const [router] = useState(() => makeRouter(history));
  const [client] = useState(() => {
    const made = new QueryClient({
      defaultOptions: {
        queries: {
          networkMode: "always",
          staleTime: 10_000,
          retry: (count, error) => count < 2 && passing.has(explain(error).code),
        },
        mutations: { networkMode: "always" },
      },
    });
    let before = session.snapshot().inside?.connection;
    session.subscribe(() => {
      const { inside } = session.snapshot();
      // What one box told is not another's.
      if (inside?.connection !== before) made.clear();
      before = inside?.connection;
    });
    return made;
  });
  const world = useMemo(() => ({ session, shell, toasts: new Toasts(), now: Date.now }), [session, shell]);
  return (
    <StrictMode>
      <TextsProvider texts={texts}>
        <PreferencesProvider texts={texts}>
          <QueryClientProvider client={client}>
            <WorldContext value={world}>
              <RouterProvider router={router} />
            </WorldContext>
          </QueryClientProvider>
        </PreferencesProvider>
      </TextsProvider>
    </StrictMode>
  );
}
