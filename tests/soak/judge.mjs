// Is it flat? Samples are {s, value}: seconds since the start, and a size.

const mean = (list) => list.reduce((sum, one) => sum + one, 0) / list.length;
const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];

/** Two-sided 95 % of Student's t for so many degrees of freedom. */
function student(degrees) {
  const table = [12.7, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.2, 2.18, 2.16, 2.14, 2.13, 2.12, 2.11, 2.1, 2.09, 2.09];
  return degrees <= 20 ? table[Math.max(0, degrees - 1)] : 1.96 + 2.5 / degrees;
}

/** The medians of `count` equal windows: what lasts for less than half a window doesn't show in them. */
export function windows(samples, count = 20) {
  const [from, to] = [samples[0].s, samples.at(-1).s];
  const made = Array.from({ length: count }, () => []);
  for (const { s, value } of samples) made[Math.min(count - 1, Math.floor(((s - from) / (to - from)) * count))].push(value);
  return made.map((values, i) => ({ s: from + ((i + 0.5) / count) * (to - from), value: median(values) })).filter(({ value }) => value !== undefined);
}

/** A line through the points: its slope per hour, and how far off that may be (95 %). */
export function slope(points) {
  const [x, y] = [mean(points.map(({ s }) => s)), mean(points.map(({ value }) => value))];
  const spread = points.reduce((sum, { s }) => sum + (s - x) ** 2, 0);
  const rise = points.reduce((sum, { s, value }) => sum + (s - x) * (value - y), 0) / spread;
  const rest = points.reduce((sum, { s, value }) => sum + (value - y - rise * (s - x)) ** 2, 0);
  const error = Math.sqrt(rest / (points.length - 2) / spread);
  return { perHour: rise * 3600, within: student(points.length - 2) * error * 3600 };
}

/**
 * Whether a size is flat after a warm-up (a fifth of the time): it isn't when it surely grows (the whole 95 % interval of the
 * slope of 20 windows' medians is above zero) and what it grew by, first quarter of the windows to last, is more than
 * `allowance` (4 %, and at least `least`).
 */
export function flat(samples, { least = 4 * 2 ** 20, allowance = 0.04, warmUp = 0.2 } = {}) {
  const end = samples.at(-1).s;
  const points = windows(samples.filter(({ s }) => s >= end * warmUp));
  const { perHour, within } = slope(points);
  const quarter = Math.floor(points.length / 4);
  const first = mean(points.slice(0, quarter).map(({ value }) => value));
  const grown = mean(points.slice(-quarter).map(({ value }) => value)) - first;
  const surely = perHour - within > 0;
  return { ok: !(surely && grown > Math.max(least, allowance * first)), perHour, within, grown, first, surely };
}
