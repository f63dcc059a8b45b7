import { Breadcrumbs, Button, Dialog, Notice, TextField } from "@hearth/ui";
import { useMutation, useQuery, type UseMutationResult } from "@tanstack/react-query";
import { ChevronRight, Folder } from "lucide-react";
import { useRef, useState } from "react";
import { useChanged, useSayError, useText, useWorld } from "../context.tsx";
import type { Entry } from "../model/api.ts";
import { isWithin, join, nameOf, nameTrouble, parentOf, stemLength, trail } from "../model/paths.ts";

/** Asks for a name that files can have. Why one isn't taken stands below it, and what was typed stays. */
function NameDialog({
  title,
  submit,
  first = "",
  chosen,
  placeholder = "",
  naming,
  onName,
  onClose,
}: {
  title: string;
  submit: string;
  first?: string;
  /** How many of its first characters are selected to begin with. */
  chosen?: number;
  placeholder?: string;
  naming: Pick<UseMutationResult, "isPending" | "error" | "reset">;
  onName: (name: string) => void;
  onClose: () => void;
}) {
  const t = useText();
  const sayError = useSayError();
  const [name, setName] = useState(first);
  const [checked, setChecked] = useState(false);
  const isSelected = useRef(false);
  const trouble = checked ? nameTrouble(name.trim()) : undefined;
  return (
    <Dialog title={title} open onClose={onClose}>
      <form
        className="h-stack"
        onSubmit={(event) => {
          event.preventDefault();
          setChecked(true);
          if (!nameTrouble(name.trim())) onName(name.trim());
        }}
      >
        <TextField
          label={t("rename.label")}
          placeholder={placeholder}
          autoFocus
          autoComplete="off"
          spellCheck="false"
          value={name}
          error={trouble ? t(`name.${trouble}`) : naming.error ? sayError(naming.error) : undefined}
          inputRef={(input) => {
            if (!input || chosen === undefined || isSelected.current) return;
            isSelected.current = true;
            setTimeout(() => input.setSelectionRange(0, chosen));
          }}
          onChange={(next) => {
            setName(next);
            naming.reset();
          }}
        />
        <div className="f-dialog-actions">
          <Button look="quiet" onPress={onClose}>
            {t("app.cancel")}
          </Button>
          <Button look="primary" type="submit" isPending={naming.isPending}>
            {submit}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

export function RenameDialog({ entry, onClose }: { entry: Entry; onClose: () => void }) {
  const t = useText();
  const { api } = useWorld();
  const changed = useChanged();
  const rename = useMutation({
    mutationFn: async (name: string) => {
      const result = await api.move([{ from: entry.path, to: join(parentOf(entry.path), name) }], "fail");
      if (result.failed[0]) throw result.failed[0].error;
      return result;
    },
    onSuccess: (result, name) => {
      onClose();
      return changed(t("done.renamed", { name }), result);
    },
  });
  return (
    <NameDialog
      title={t("rename.title")}
      submit={t("rename.do")}
      first={entry.name}
      chosen={stemLength(entry.name, entry.kind)}
      naming={rename}
      onName={(name) => {
        if (name === entry.name) onClose();
        else rename.mutate(name);
      }}
      onClose={onClose}
    />
  );
}

export function NewFolderDialog({ folder, onClose }: { folder: string; onClose: () => void }) {
  const t = useText();
  const { api } = useWorld();
  const changed = useChanged();
  const make = useMutation({
    mutationFn: (name: string) => api.makeFolder(join(folder, name)),
    onSuccess: ({ undo }, name) => {
      onClose();
      return changed(t("done.folder", { name }), { undo });
    },
  });
  return (
    <NameDialog
      title={t("folder.title")}
      submit={t("folder.do")}
      placeholder={t("folder.example")}
      naming={make}
      onName={(name) => make.mutate(name)}
      onClose={onClose}
    />
  );
}

/** Chooses a folder by walking; `paths` are what will move there. */
export function MoveDialog({
  paths,
  from,
  onClose,
}: {
  paths: readonly string[];
  from: string;
  onClose: () => void;
}) {
  const t = useText();
  const { api } = useWorld();
  const changed = useChanged();
  const sayError = useSayError();
  const [folder, setFolder] = useState(from);
  const listing = useQuery({
    queryKey: ["folders", folder],
    queryFn: ({ signal }) => api.page(folder, { by: "name", down: false }, 0, signal, 1000),
  });
  const folders = (listing.data?.entries ?? []).filter(
    (entry) => entry.kind === "folder" && !paths.includes(entry.path),
  );
  const useless =
    paths.every((path) => parentOf(path) === folder) || paths.some((path) => isWithin(folder, path));
  const move = useMutation({
    mutationFn: () =>
      api.move(
        paths.map((path) => ({ from: path, to: join(folder, nameOf(path)) })),
        "keep_both",
      ),
    onSuccess: (result) => {
      onClose();
      const where = folder === "" ? t("place.top") : nameOf(folder);
      return changed(t("done.moved", { count: result.done, folder: where }), result);
    },
  });
  return (
    <Dialog
      title={t("move.title", { count: paths.length })}
      open
      onClose={onClose}
      actions={
        <>
          <Button look="quiet" onPress={onClose}>
            {t("app.cancel")}
          </Button>
          <Button
            look="primary"
            isDisabled={useless}
            isPending={move.isPending}
            onPress={() => move.mutate()}
          >
            {t("move.here")}
          </Button>
        </>
      }
    >
      <Breadcrumbs
        label={t("move.where")}
        crumbs={trail(folder).map((path) => ({
          id: path || "/",
          text: path === "" ? t("place.top") : nameOf(path),
        }))}
        onGo={(id) => setFolder(id === "/" ? "" : id)}
      />
      <ul className="f-folders" aria-label={t("move.folders")}>
        {folders.map((entry) => (
          <li key={entry.path}>
            <button type="button" className="f-folder" onClick={() => setFolder(entry.path)}>
              <Folder className="h-icon" aria-hidden />
              <bdi className="h-truncate">{entry.name}</bdi>
              <ChevronRight className="h-icon h-mirror" aria-hidden />
            </button>
          </li>
        ))}
        {listing.isSuccess && folders.length === 0 && (
          <li className="f-folders-none h-soft">{t("move.none")}</li>
        )}
      </ul>
      {move.error && <Notice title={sayError(move.error)} />}
      {listing.error && <Notice title={sayError(listing.error)} />}
    </Dialog>
  );
}
