import { Archive, File, FileText, Film, Folder, Image, Music } from "lucide-react";
import { useState } from "react";
import { contentUrl, type Entry } from "../model/api.ts";
import { hasThumbnail, lookOf, type Look } from "../model/kinds.ts";

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

/** A small picture of what it is: the photograph itself, or an icon of its kind. */
export function EntryPicture({ entry, large = false }: { entry: Entry; large?: boolean }) {
  const [failed, setFailed] = useState(false);
  const look = lookOf(entry);
  const Icon = icons[look];
  if (hasThumbnail(entry) && !failed)
    return (
      <span className={large ? "f-picture f-picture-large" : "f-picture"}>
        <img
          src={contentUrl(entry)}
          alt=""
          loading="lazy"
          decoding="async"
          draggable={false}
          onError={() => setFailed(true)}
        />
      </span>
    );
  return (
    <span className={`f-picture f-look-${look}${large ? " f-picture-large" : ""}`}>
      <Icon className="h-icon" aria-hidden />
    </span>
  );
}
