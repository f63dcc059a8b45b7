import { Button, EmptyState, HousePicture } from "@hearth/ui";
import { FolderInput, FolderUp, Upload } from "lucide-react";
import { useSayError, useText } from "../context.tsx";
import type { Listing } from "./listing.ts";

/** What stands where a listing would: that it is on the way, why there is none, or how to begin one. */
export function ListingState({
  listing,
  folder,
  q,
  onTop,
  onAct,
}: {
  listing: Listing;
  /** Empty: the top. */
  folder: string;
  /** What is searched for; nothing: a folder is shown. */
  q: string | undefined;
  onTop: () => void;
  onAct: (id: string) => void;
}) {
  const t = useText();
  const sayError = useSayError();
  if (listing.error !== null)
    return listing.total > 0 ? null : (
      <EmptyState
        picture={<HousePicture lit={false} width={200} />}
        title={sayError(listing.error)}
        action={
          <>
            <Button look="primary" onPress={() => listing.retry()}>
              {t("app.retry")}
            </Button>
            {folder !== "" && <Button onPress={onTop}>{t("place.to_top")}</Button>}
          </>
        }
      />
    );
  if (listing.isPending)
    return (
      <p className="f-pending h-soft" role="status">
        <span className="h-spinner" />
        {t("app.loading")}
      </p>
    );
  if (q !== undefined)
    return (
      <p className={listing.total === 0 ? "f-pending h-soft" : "h-hidden"} role="status">
        {t("search.found", { count: listing.total, q })}
      </p>
    );
  if (listing.total > 0) return null;
  return (
    <EmptyState
      picture={
        folder === "" ? <HousePicture width={240} /> : <FolderInput className="f-empty-icon" aria-hidden />
      }
      title={folder === "" ? t("empty.top") : t("empty.folder")}
      action={
        <>
          <Button look="primary" icon={Upload} onPress={() => onAct("upload")}>
            {t("act.upload")}
          </Button>
          <Button icon={FolderUp} onPress={() => onAct("upload-folder")}>
            {t("act.upload_folder")}
          </Button>
        </>
      }
    >
      {t("empty.teach")}
    </EmptyState>
  );
}
