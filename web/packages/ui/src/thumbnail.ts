/** Small pictures of large ones, made here: of a camera's own small picture where there is one, else of the whole. */
import { exifThumbnail } from "./exif.ts";

export interface Original {
  type: string;
  size: number;
  /** The file, or its first bytes: `length` of them, or all when there are fewer. */
  read(length: number | undefined): Promise<Blob>;
}

/** A camera's small picture, with all that stands before it, is within these. */
const startBytes = 128 * 1024;
/** Larger ones are shown when they are opened: too much to fetch for a small picture. */
const mostWhole = 12_000_000;
/** So small that a smaller version isn't worth making. */
const fewBytes = 48 * 1024;
const raster = /^image\/(jpeg|png|webp|avif|gif|bmp)$/;

/** Whether there may be a small picture: what browsers draw, and not too large. */
export function canDraw({ type, size }: Pick<Original, "type" | "size">): boolean {
  if (type === "image/jpeg") return true;
  return (
    (raster.test(type) && size <= mostWhole) || (/^image\/(svg\+xml|.*icon)$/.test(type) && size <= 1_000_000)
  );
}

/** At most `edge` pixels on its longer side, roughly; nothing when the picture can't be drawn. */
export async function thumbnail(original: Original, edge: number): Promise<Blob | undefined> {
  const { type, size } = original;
  if (!canDraw(original)) return undefined;
  if (!raster.test(type) || size <= fewBytes) return asType(await original.read(undefined), type);
  if (type === "image/jpeg") {
    const start = await original.read(startBytes);
    const small = exifThumbnail(new Uint8Array(await start.arrayBuffer()));
    if (small) {
      const { bytes, orientation, aspect } = small;
      const drawn = await decode(new Blob([bytes], { type }), {});
      if (drawn) return paint(drawn, edge, orientation, aspect);
    }
    if (size > mostWhole) return undefined;
    if (start.size >= size) return whole(start, edge);
  }
  return whole(await original.read(undefined), edge);
}

/** The first picture of a film, when it begins with one. */
export async function poster(url: string, edge: number, signal: AbortSignal): Promise<Blob | undefined> {
  const video = document.createElement("video");
  video.muted = true;
  video.preload = "auto";
  try {
    const shown = await new Promise<boolean>((resolve) => {
      video.onloadeddata = () => resolve(true);
      video.onerror = () => resolve(false);
      signal.addEventListener("abort", () => resolve(false), { once: true });
      video.src = url;
    });
    if (!shown || video.videoWidth === 0) return undefined;
    return await paint(await createImageBitmap(video), edge);
  } finally {
    video.removeAttribute("src");
    video.load();
  }
}

function asType(blob: Blob, type: string): Blob {
  return blob.type === type ? blob : new Blob([blob], { type });
}

async function whole(blob: Blob, edge: number): Promise<Blob | undefined> {
  // Shrunk while it is decoded where the browser can, so that the whole never stands in memory twice.
  const drawn = await decode(blob, { resizeWidth: edge, resizeQuality: "medium" });
  return drawn && paint(drawn, edge);
}

async function decode(blob: Blob, options: ImageBitmapOptions): Promise<ImageBitmap | undefined> {
  try {
    return await createImageBitmap(blob, options);
  } catch {
    return undefined;
  }
}

/** TIFF's eight orientations as canvas transforms of the unit square. */
const turns: readonly (readonly [number, number, number, number, number, number])[] = [
  [1, 0, 0, 1, 0, 0],
  [-1, 0, 0, 1, 1, 0],
  [-1, 0, 0, -1, 1, 1],
  [1, 0, 0, -1, 0, 1],
  [0, 1, 1, 0, 0, 0],
  [0, 1, -1, 0, 1, 0],
  [0, -1, -1, 0, 1, 1],
  [0, -1, 1, 0, 0, 1],
];

async function paint(picture: ImageBitmap, edge: number, orientation = 1, aspect?: number): Promise<Blob> {
  let { width, height } = picture;
  // Without its bars.
  if (aspect !== undefined && aspect > width / height) height = Math.round(width / aspect);
  else if (aspect !== undefined) width = Math.round(height * aspect);
  const [left, top] = [(picture.width - width) / 2, (picture.height - height) / 2];
  const scale = Math.min(1, edge / Math.max(width, height));
  const sideways = orientation > 4;
  const across = Math.max(1, Math.round((sideways ? height : width) * scale));
  const down = Math.max(1, Math.round((sideways ? width : height) * scale));
  const canvas = new OffscreenCanvas(across, down);
  const context = canvas.getContext("2d")!;
  const [a, b, c, d, e, f] = turns[orientation - 1]!;
  context.setTransform(a * across, b * down, c * across, d * down, e * across, f * down);
  context.drawImage(picture, left, top, width, height, 0, 0, 1, 1);
  picture.close();
  return canvas.convertToBlob({ type: "image/webp", quality: 0.82 });
}
