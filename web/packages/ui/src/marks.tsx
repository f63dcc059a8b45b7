import { useMemo } from "react";
import { encode } from "uqr";

/** The sign of Hearth: an arch with an ember in it. */
export function HearthMark({ size = 24 }: { size?: number }) {
  return (
    <svg className="h-mark" width={size} height={size} viewBox="0 0 24 24" fill="none" aria-hidden>
      <path
        d="M3.5 20.5V11a8.5 8.5 0 0 1 17 0v9.5"
        stroke="currentColor"
        strokeWidth="2"
        strokeLinecap="round"
      />
      <path
        className="h-mark-ember"
        d="M12 20.75c-2.35 0-4-1.6-4-3.8 0-2.75 2.75-3.75 3.35-6.7 2.8 1.35 4.65 4.05 4.65 6.7 0 2.2-1.65 3.8-4 3.8Z"
      />
    </svg>
  );
}

/** A house with the light on, under a quiet sky: first pages and empty places. */
export function HousePicture({
  lit = true,
  width = 240,
  land = false,
}: {
  lit?: boolean;
  width?: number;
  /** The hills go on to the edges of whatever holds the picture. */
  land?: boolean;
}) {
  return (
    <svg
      className={land ? "h-house h-house-land" : "h-house"}
      width={width}
      viewBox="0 0 240 132"
      fill="none"
      aria-hidden
    >
      <g className="h-house-sky">
        <circle cx="30" cy="34" r="1.5" />
        <circle cx="62" cy="14" r="1.2" />
        <circle cx="196" cy="22" r="1.5" />
        <circle cx="222" cy="52" r="1.2" />
        <circle cx="172" cy="44" r="1" />
      </g>
      {land ? (
        <>
          <path
            className="h-house-far"
            d="M-900 100C-600 60-300 112-60 84S200 60 380 92s340 6 700-14v900H-900Z"
          />
          <path
            className="h-house-hill"
            d="M-900 132C-560 104-300 124-90 116s150-14 240 0 300 20 930-12v900H-900Z"
          />
        </>
      ) : (
        <path className="h-house-hill" d="M14 118c22-17 50-22 82-14 34-20 86-20 130 14Z" />
      )}
      <path className="h-house-smoke" d="M147 40c-6-6 5-10 0-17s5-9 1-15" strokeLinecap="round" />
      <path className="h-house-wall" d="M84 118V74l37-30 37 30v44Z" />
      <path className="h-house-wall" d="M141 48h12v22l-12-9.5Z" />
      <path className="h-house-roof" d="m76 79 45-37 45 37" strokeLinecap="round" strokeLinejoin="round" />
      <path className={lit ? "h-house-light" : "h-house-dark"} d="M110 118V99a11 11 0 0 1 22 0v19Z" />
      <path className={lit ? "h-house-light" : "h-house-dark"} d="M94 86h9v9h-9zm45 0h9v9h-9z" />
      <path className="h-house-ground" d="M40 118.5h160" strokeLinecap="round" />
      <path
        className="h-house-tree"
        d="M58 118V98m0 6c-8-3-10-10-8-18 2-7 5-11 8-15 3 4 6 8 8 15 2 8 0 15-8 18Z"
      />
      <path
        className="h-house-tree"
        d="M184 118v-12m0 3c-5-2-7-6-5-12 1-4 3-7 5-10 2 3 4 6 5 10 2 6 0 10-5 12Z"
      />
    </svg>
  );
}

/** One or two letters that stand for a name. */
export function initialsOf(name: string): string {
  const words = name
    .trim()
    .split(/[\s._-]+/u)
    .filter(Boolean);
  const first = [...(words[0] ?? "")][0] ?? "?";
  const last = words.length > 1 ? ([...(words[words.length - 1] ?? "")][0] ?? "") : "";
  return (first + last).toLocaleUpperCase();
}

/** The same person has the same of six quiet colours everywhere. */
export function hueOf(id: string): number {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 9973;
  return sum % 6;
}

export function Avatar({
  name,
  id,
  size = "normal",
}: {
  name: string;
  id: string;
  size?: "small" | "normal" | "large";
}) {
  return (
    <span
      className={`h-avatar h-avatar-${size} h-avatar-hue-${hueOf(id)}`}
      data-initials={initialsOf(name)}
      aria-hidden
    />
  );
}

/** A QR code as one path; black on white in both themes, since cameras expect it. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const { path, size } = useMemo(() => {
    const { data, size } = encode(text, { border: 2, ecc: "M" });
    let path = "";
    data.forEach((row, y) => {
      for (let x = 0; x < row.length;) {
        if (!row[x]) {
          x += 1;
          continue;
        }
        let end = x;
        while (row[end]) end += 1;
        path += `M${x} ${y}h${end - x}v1H${x}z`;
        x = end;
      }
    });
    return { path, size };
  }, [text]);
  return (
    <svg
      className="h-qr"
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label={label}
      shapeRendering="crispEdges"
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#1c1917" />
    </svg>
  );
}

export type Reach = "direct" | "relayed" | "connecting" | "offline";

/** The small mark that tells how the box is reached: a shape and a colour, never colour alone. */
export function ReachMark({ reach }: { reach: Reach }) {
  return (
    <svg
      className={`h-reach h-reach-${reach}`}
      width="14"
      height="14"
      viewBox="0 0 14 14"
      fill="none"
      aria-hidden
    >
      {reach === "direct" && <circle cx="7" cy="7" r="4.25" fill="currentColor" />}
      {reach === "relayed" && (
        <>
          <circle cx="7" cy="7" r="4.5" stroke="currentColor" strokeWidth="1.75" />
          <path d="M7 2.5a4.5 4.5 0 0 0 0 9Z" fill="currentColor" />
        </>
      )}
      {reach === "connecting" && (
        <circle cx="7" cy="7" r="4.5" stroke="currentColor" strokeWidth="1.75" strokeDasharray="3 2.6" />
      )}
      {reach === "offline" && (
        <>
          <circle cx="7" cy="7" r="4.5" stroke="currentColor" strokeWidth="1.75" />
          <path d="m3.9 10.1 6.2-6.2" stroke="currentColor" strokeWidth="1.75" />
        </>
      )}
    </svg>
  );
}
