/** Files and folders out of a drop or a picker, with the paths they had. */

export interface Picked {
  file: File;
  /** `Holiday/day 1/a.jpg`; the bare name for a single file. */
  path: string;
}

export interface Collected {
  files: Picked[];
  /** Folders without any file in them, which an upload would lose. */
  emptyFolders: string[];
}

/** As `<input type=file>` gives them, with or without `webkitdirectory`. */
export function fromInput(files: Iterable<File>): Collected {
  return {
    files: [...files].map((file) => ({ file, path: file.webkitRelativePath || file.name })),
    emptyFolders: [],
  };
}

/**
 * As a drop gives them. The items must be taken while the event runs, so this is called synchronously in it; walking
 * the folders goes on afterwards.
 */
export function fromDrop(transfer: Pick<DataTransfer, "items" | "files">): Promise<Collected> {
  const roots: (FileSystemEntry | File)[] = [];
  for (const item of transfer.items) {
    if (item.kind !== "file") continue;
    const root = item.webkitGetAsEntry() ?? item.getAsFile();
    if (root) roots.push(root);
  }
  return walk(roots);
}

async function walk(roots: readonly (FileSystemEntry | File)[]): Promise<Collected> {
  const found: Collected = { files: [], emptyFolders: [] };
  for (const root of roots) {
    if (root instanceof File) found.files.push({ file: root, path: root.name });
    else await visit(root, "", found);
  }
  return found;
}

async function visit(entry: FileSystemEntry, above: string, found: Collected): Promise<void> {
  const path = above === "" ? entry.name : `${above}/${entry.name}`;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    ).catch(
      // Gone or unreadable since it was dropped: the others go on.
      () => null,
    );
    if (file) found.files.push({ file, path });
    return;
  }
  const children = await readAll((entry as FileSystemDirectoryEntry).createReader());
  if (children.length === 0) found.emptyFolders.push(path);
  for (const child of children) await visit(child, path, found);
}

/** A reader gives 100 entries at a time, and an empty list at the end. */
async function readAll(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    ).catch(() => []);
    if (some.length === 0) return all;
    all.push(...some);
  }
}
