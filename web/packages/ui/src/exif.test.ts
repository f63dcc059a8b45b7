import { expect, test } from "vitest";
import { exifThumbnail } from "./exif.ts";

const u16 = (value: number, little: boolean) =>
  little ? [value & 255, value >> 8] : [value >> 8, value & 255];
const u32 = (value: number, little: boolean) =>
  little
    ? [...u16(value & 0xffff, true), ...u16(value >>> 16, true)]
    : [...u16(value >>> 16, false), ...u16(value & 0xffff, false)];

/** A JPEG's beginning as cameras write it: two directories, the small picture, then the frame's size. */
function jpeg({ little = true, orientation = 6, small = [0xff, 0xd8, 1, 2, 3, 0xff, 0xd9] } = {}) {
  const short = (tag: number, value: number) => [
    ...u16(tag, little),
    ...u16(3, little),
    ...u32(1, little),
    ...u16(value, little),
    ...u16(0, little),
  ];
  const long = (tag: number, value: number) => [
    ...u16(tag, little),
    ...u16(4, little),
    ...u32(1, little),
    ...u32(value, little),
  ];
  const first = 8;
  const second = first + 2 + 12 + 4;
  const data = second + 2 + 24 + 4;
  const tiff = [
    ...(little ? [0x49, 0x49] : [0x4d, 0x4d]),
    ...u16(42, little),
    ...u32(first, little),
    ...u16(1, little),
    ...short(0x0112, orientation),
    ...u32(second, little),
    ...u16(2, little),
    ...long(0x0201, data),
    ...long(0x0202, small.length),
    ...u32(0, little),
    ...small,
  ];
  const app1 = [0xff, 0xe1, ...u16(2 + 6 + tiff.length, false), 0x45, 0x78, 0x69, 0x66, 0, 0, ...tiff];
  const frame = [
    0xff,
    0xc0,
    0,
    17,
    8,
    ...u16(2000, false),
    ...u16(3000, false),
    3,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
  ];
  return new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 1, ...app1, ...frame, 0xff, 0xda, 0, 2]);
}

test("finds a camera's small picture, how it was held and the shape of the large one", () => {
  for (const little of [true, false])
    expect(exifThumbnail(jpeg({ little }))).toEqual({
      bytes: new Uint8Array([0xff, 0xd8, 1, 2, 3, 0xff, 0xd9]),
      orientation: 6,
      aspect: 1.5,
    });
  expect(exifThumbnail(jpeg({ orientation: 99 }))?.orientation).toBe(1);
});

test("any beginning of a file, and any changed byte of it, is read within its bounds", () => {
  const whole = jpeg();
  for (let length = 0; length < whole.length; ++length) exifThumbnail(whole.slice(0, length));
  for (let at = 0; at < whole.length; ++at)
    for (const value of [0, 1, 0x7f, 0xff]) {
      const changed = whole.slice();
      changed[at] = value;
      const found = exifThumbnail(changed);
      if (found) expect(found.bytes.length).toBeLessThan(whole.length);
    }
  expect(exifThumbnail(new Uint8Array(0))).toBeUndefined();
  expect(exifThumbnail(new TextEncoder().encode("not a picture"))).toBeUndefined();
});
