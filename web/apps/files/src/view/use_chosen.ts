/** What can be done with what is selected. */
import { useChanged, useSave, useSayError, useText, useWorld } from "../context.tsx";
import type { Entry } from "../model/api.ts";
import { join, nameOf } from "../model/paths.ts";
import { countOf, nothing, type Selection } from "../model/selection.ts";
import type { Listing } from "./listing.ts";

export interface Chosen {
  /** The paths selected; everything is listed first when "all" is selected. */
  paths(): Promise<string[]>;
  /** The one entry selected. */
  single(): Promise<Entry | undefined>;
  trash(): Promise<void>;
  /** A file as it is, more as one archive. */
  download(): Promise<void>;
  moveInto(target: Entry): Promise<void>;
}

export function useChosen(
  listing: Listing,
  selection: Selection,
  onSelect: (selection: Selection) => void,
  /** The folder that is shown, if one is. */
  folder: string | undefined,
): Chosen {
  const t = useText();
  const { api, toasts } = useWorld();
  const changed = useChanged();
  const sayError = useSayError();
  const save = useSave();

  async function saying(act: () => Promise<void>) {
    try {
      await act();
    } catch (error) {
      toasts.show({ tone: "bad", text: sayError(error) });
    }
  }

  async function paths() {
    if (!selection.all) return [...selection.paths];
    const all = await listing.allPaths();
    return all.filter((path) => !selection.except.has(path));
  }

  async function single() {
    const [path] = await paths();
    if (path === undefined) return undefined;
    const index = listing.indexOf(path);
    return index >= 0 ? listing.at(index) : api.entry(path);
  }

  return {
    paths,
    single,

    trash: () =>
      saying(async () => {
        const gone = await paths();
        if (gone.length === 0) return;
        const result = await api.trash(gone);
        onSelect(nothing);
        await changed(
          gone.length === 1
            ? t("done.trashed_one", { name: nameOf(gone[0]!) })
            : t("done.trashed", { count: result.done }),
          result,
        );
      }),

    download: () =>
      saying(async () => {
        const entry = countOf(selection, listing.total) === 1 ? await single() : undefined;
        if (entry?.kind === "file") return save(entry);
        // All of a folder is asked for as the folder, however much it holds.
        const whole = folder !== undefined && selection.all && selection.except.size === 0;
        const name = entry?.name ?? (folder ? nameOf(folder) : t("place.top"));
        const archive = await api.archive(whole ? [folder] : await paths(), name);
        if (archive.files === 0) toasts.show({ text: t("download.empty") });
        else save(archive);
      }),

    moveInto: (target) =>
      saying(async () => {
        const moved = (await paths()).filter((path) => path !== target.path);
        const result = await api.move(
          moved.map((path) => ({ from: path, to: join(target.path, nameOf(path)) })),
          "keep_both",
        );
        onSelect(nothing);
        await changed(t("done.moved", { count: result.done, folder: target.name }), result);
      }),
  };
}
