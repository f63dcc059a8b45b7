/** The small picture that cameras put at the beginning of a JPEG (Exif 2.32, TIFF 6.0), without reading the rest. */

export interface ExifThumbnail {
  /** A JPEG of some 160 by 120. */
  bytes: Uint8Array<ArrayBuffer>;
  /** How the camera was held: 1 to 8, as in TIFF's tag 274. The small picture is stored as the large one. */
  orientation: number;
  /** Width by height of the large picture: the small one may have bars, to fill 4:3. */
  aspect: number | undefined;
}

/** `start` is the first part of a file, of any length; nothing when it has no such picture whole. */
export function exifThumbnail(start: Uint8Array<ArrayBuffer>): ExifThumbnail | undefined {
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return undefined;
  let found: Omit<ExifThumbnail, "aspect"> | undefined;
  for (let at = 2; at + 4 <= view.byteLength;) {
    const marker = view.getUint16(at);
    const end = at + 2 + view.getUint16(at + 2);
    if (marker < 0xffc0 || marker === 0xffda || end < at + 4) break;
    if (marker === 0xffe1 && found === undefined && end <= view.byteLength)
      found = inExif(start, at + 4, end);
    // Start of frame, but not the tables that share its numbers.
    const isFrame = marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker);
    if (isFrame && at + 9 <= view.byteLength) {
      const height = view.getUint16(at + 5);
      const aspect = height === 0 ? undefined : view.getUint16(at + 7) / height;
      return found && { ...found, aspect };
    }
    at = end;
  }
  return found && { ...found, aspect: undefined };
}

const exifMark = 0x45786966;

function inExif(
  bytes: Uint8Array<ArrayBuffer>,
  from: number,
  to: number,
): Omit<ExifThumbnail, "aspect"> | undefined {
  const tiff = from + 6;
  if (tiff + 8 > to) return undefined;
  const all = new DataView(bytes.buffer, bytes.byteOffset, to);
  if (all.getUint32(from) !== exifMark) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + tiff, to - tiff);
  const little = view.getUint16(0) === 0x4949;
  const first = directory(view, view.getUint32(4, little), little);
  const second = directory(view, first?.next ?? 0, little);
  const offset = second?.value(0x0201);
  const length = second?.value(0x0202);
  if (offset === undefined || length === undefined || length < 4 || offset + length > view.byteLength)
    return undefined;
  const orientation = first?.value(0x0112) ?? 1;
  return {
    bytes: bytes.slice(tiff + offset, tiff + offset + length),
    orientation: orientation >= 1 && orientation <= 8 ? orientation : 1,
  };
}

/** One of TIFF's directories; only single numbers are read. */
function directory(
  view: DataView,
  at: number,
  little: boolean,
): { value(tag: number): number | undefined; next: number } | undefined {
  if (at < 8 || at + 2 > view.byteLength) return undefined;
  const count = view.getUint16(at, little);
  const end = at + 2 + 12 * count;
  if (end > view.byteLength) return undefined;
  return {
    value(tag) {
      for (let entry = at + 2; entry < end; entry += 12) {
        if (view.getUint16(entry, little) !== tag) continue;
        const type = view.getUint16(entry + 2, little);
        if (type === 3) return view.getUint16(entry + 8, little);
        if (type === 4) return view.getUint32(entry + 8, little);
      }
      return undefined;
    },
    next: end + 4 <= view.byteLength ? view.getUint32(end, little) : 0,
  };
}
