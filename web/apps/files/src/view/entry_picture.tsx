import { Archive, File, FileText, Film, Folder, Image, Music, Play } from "lucide-react";
import { useEffect, useState } from "react";
import { useWorld } from "../context.tsx";
import type { Entry } from "../model/api.ts";
import { lookOf, type Look } from "../model/kinds.ts";
import { hasThumbnail } from "../model/thumbnails.ts";

const icons: Record<Look, typeof File> = {
  folder: Folder,
  image: Image,
  video: Film,
  audio: Music,
  pdf: FileText,
  text: FileText,
  archive: Archive,
  file: File,
};

/** A small picture of what it is: the photograph itself, a film's beginning, or an icon of its kind. */
export function EntryPicture({ entry, large = false }: { entry: Entry; large?: boolean }) {
  const url = useThumbnail(entry);
  const look = lookOf(entry);
  const Icon = icons[look];
  if (url !== undefined)
    return (
      <span className={large ? "f-picture f-picture-large" : "f-picture"}>
        <img src={url} alt="" decoding="async" draggable={false} />
        {look === "video" && large && (
          <span className="f-picture-film">
            <Play className="h-icon" aria-hidden />
          </span>
        )}
      </span>
    );
  return (
    <span className={`f-picture f-look-${look}${large ? " f-picture-large" : ""}`}>
      <Icon className="h-icon" aria-hidden />
    </span>
  );
}

/** Its small picture's address, once it is there. */
function useThumbnail(entry: Entry): string | undefined {
  const { thumbnails } = useWorld();
  const { path, etag } = entry;
  const [made, setMade] = useState<{ of: string; url: string | undefined }>();
  const of = `${path} ${etag}`;
  const wanted = hasThumbnail(entry);
  useEffect(() => {
    if (!wanted) return;
    const controller = new AbortController();
    void thumbnails.get(entry, controller.signal).then((url) => {
      if (!controller.signal.aborted) setMade({ of, url });
    });
    return () => controller.abort();
    // `entry` is another object after each listing, but the same file.
  }, [of, wanted, thumbnails]);
  if (!wanted) return undefined;
  return made?.of === of ? made.url : thumbnails.known(entry)?.url;
}
