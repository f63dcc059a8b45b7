import { ContextMenu } from "@hearth/ui";
import { Download, FolderInput, Pencil, Trash2 } from "lucide-react";
import { useText } from "../context.tsx";
import type { Entry } from "../model/api.ts";

export interface MenuAt {
  x: number;
  y: number;
  entry: Entry;
}

/** What can be done with what is selected, where the pointer is. */
export function EntryMenu({
  at,
  selected,
  onAct,
  onClose,
}: {
  at: MenuAt | null;
  selected: number;
  onAct: (id: string) => void;
  onClose: () => void;
}) {
  const t = useText();
  return (
    <ContextMenu
      at={at}
      label={at?.entry.name ?? ""}
      onClose={onClose}
      groups={[
        [
          { id: "open", text: t("act.open"), keys: "⏎", disabled: selected > 1 },
          { id: "download", text: t("act.download"), icon: Download },
        ],
        [
          { id: "rename", text: t("rename.title"), icon: Pencil, keys: "F2", disabled: selected > 1 },
          { id: "move", text: t("act.move"), icon: FolderInput },
        ],
        [{ id: "trash", text: t("act.trash"), icon: Trash2, keys: "⌦", danger: true }],
      ]}
      onChoose={(id) => {
        onClose();
        onAct(id);
      }}
    />
  );
}
