/** Uploading what was chosen or dropped, and asking again for what is shown once it has come. */
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect } from "react";
import { useWorld } from "../context.tsx";
import type { Collected } from "../model/drop.ts";
import { join } from "../model/paths.ts";

export function useUpload(): (collected: Collected | Promise<Collected>, into: string) => Promise<void> {
  const { api, uploads } = useWorld();
  const client = useQueryClient();

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onUploaded = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        void client.invalidateQueries({ queryKey: ["list"] });
        void client.invalidateQueries({ queryKey: ["stats"] });
      }, 700);
    };
    addEventListener("hearth-uploaded", onUploaded);
    return () => {
      clearTimeout(timer);
      removeEventListener("hearth-uploaded", onUploaded);
    };
  }, [client]);

  return useCallback(
    async (collected, into) => {
      const { files, emptyFolders } = await collected;
      uploads.add(into, files);
      for (const path of emptyFolders) {
        // One that is there already is as good.
        await api.makeFolder(join(into, path)).catch(() => undefined);
      }
      if (emptyFolders.length > 0) await client.invalidateQueries({ queryKey: ["list"] });
    },
    [api, client, uploads],
  );
}
