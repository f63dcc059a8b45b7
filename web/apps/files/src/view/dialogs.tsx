import { Breadcrumbs, Button, Dialog, Notice, TextField } from "@hearth/ui";
import { useMutation, useQuery } from "@tanstack/react-query";
import { ChevronRight, Folder } from "lucide-react";
import { useRef, useState } from "react";
import { useChanged, useSayError, useText, useWorld } from "../context.tsx";
import type { Entry } from "../model/api.ts";
import { isWithin, join, nameOf, nameTrouble, parentOf, stemLength, trail } from "../model/paths.ts";

function useNameProblem(name: string, checked: boolean): string | undefined {
  const t = useText();
  const trouble = nameTrouble(name.trim());
  return checked && trouble ? t(`name.${trouble}`) : undefined;
}

export function RenameDialog({ entry, onClose }: { entry: Entry; onClose: () => void }) {
  const t = useText();
  const { api } = useWorld();
  const changed = useChanged();
  const sayError = useSayError();
  const [name, setName] = useState(entry.name);
  const [checked, setChecked] = useState(false);
  const problem = useNameProblem(name, checked);
  const selectedStem = useRef(false);
  const rename = useMutation({
    mutationFn: async () => {
      const result = await api.move(
        [{ from: entry.path, to: join(parentOf(entry.path), name.trim()) }],
        "fail",
      );
      if (result.failed[0]) throw result.failed[0].error;
      return result;
    },
    onSuccess: (result) => {
      onClose();
      return changed(t("done.renamed", { name: name.trim() }), result);
    },
  });
  return (
    <Dialog title={t("rename.title")} open onClose={onClose}>
      <form
        className="h-stack"
        onSubmit={(event) => {
          event.preventDefault();
          setChecked(true);
          if (name.trim() === entry.name) onClose();
          else if (!nameTrouble(name.trim())) rename.mutate();
        }}
      >
        <TextField
          label={t("rename.label")}
          autoFocus
          autoComplete="off"
          spellCheck="false"
          value={name}
          error={problem ?? (rename.error ? sayError(rename.error) : undefined)}
          inputRef={(input) => {
            if (!input || selectedStem.current) return;
            selectedStem.current = true;
            setTimeout(() => input.setSelectionRange(0, stemLength(entry.name, entry.kind)));
          }}
          onChange={(next) => {
            setName(next);
            rename.reset();
          }}
        />
        <div className="f-dialog-actions">
          <Button look="quiet" onPress={onClose}>
            {t("app.cancel")}
          </Button>
          <Button look="primary" type="submit" isPending={rename.isPending}>
            {t("rename.do")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

export function NewFolderDialog({ folder, onClose }: { folder: string; onClose: () => void }) {
  const t = useText();
  const { api } = useWorld();
  const changed = useChanged();
  const sayError = useSayError();
  const [name, setName] = useState("");
  const [checked, setChecked] = useState(false);
  const problem = useNameProblem(name, checked);
  const make = useMutation({
    mutationFn: () => api.makeFolder(join(folder, name.trim())),
    onSuccess: ({ undo }) => {
      onClose();
      return changed(t("done.folder", { name: name.trim() }), { undo });
    },
  });
  return (
    <Dialog title={t("folder.title")} open onClose={onClose}>
      <form
        className="h-stack"
        onSubmit={(event) => {
          event.preventDefault();
          setChecked(true);
          if (!nameTrouble(name.trim())) make.mutate();
        }}
      >
        <TextField
          label={t("rename.label")}
          placeholder={t("folder.example")}
          autoFocus
          autoComplete="off"
          value={name}
          error={problem ?? (make.error ? sayError(make.error) : undefined)}
          onChange={(next) => {
            setName(next);
            make.reset();
          }}
        />
        <div className="f-dialog-actions">
          <Button look="quiet" onPress={onClose}>
            {t("app.cancel")}
          </Button>
          <Button look="primary" type="submit" isPending={make.isPending}>
            {t("folder.do")}
          </Button>
        </div>
      </form>
    </Dialog>
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
