import { TextsProvider, ToastRegion, type Texts } from "@hearth/ui";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode, useState } from "react";
import { WorldContext, type World } from "./context.tsx";
import { FilesError } from "./model/api.ts";
import { Files } from "./view/files.tsx";

export function App({ world, texts }: { world: World; texts: Texts }) {
  const [client] = useState(
    () =>
      new QueryClient({
        defaultOptions: {
          queries: {
            networkMode: "always",
            staleTime: 15_000,
            retry: (count, error) =>
              count < 2 && error instanceof FilesError && ["offline", "busy"].includes(error.code),
          },
          mutations: { networkMode: "always" },
        },
      }),
  );
  return (
    <StrictMode>
      <TextsProvider texts={texts}>
        <QueryClientProvider client={client}>
          <WorldContext value={world}>
            <Files />
            <ToastRegion toasts={world.toasts} />
          </WorldContext>
        </QueryClientProvider>
      </TextsProvider>
    </StrictMode>
  );
}
