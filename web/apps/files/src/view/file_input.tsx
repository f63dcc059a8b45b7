import type { RefObject } from "react";
import { fromInput, type Collected } from "../model/drop.ts";

/** The browser's own way to choose files, or a folder; opened by a click on what `inputRef` holds. */
export function FileInput({
  label,
  folders = false,
  inputRef,
  onFiles,
}: {
  label: string;
  folders?: boolean;
  inputRef: RefObject<HTMLInputElement | null>;
  onFiles: (collected: Collected) => void;
}) {
  return (
    <input
      ref={inputRef}
      type="file"
      hidden
      aria-label={label}
      {...(folders ? { webkitdirectory: "" } : { multiple: true })}
      onChange={(event) => {
        onFiles(fromInput(event.target.files ?? []));
        event.target.value = "";
      }}
    />
  );
}
