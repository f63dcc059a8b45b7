/** Two different places among `count`, in order, to be typed again. `random` gives uniform 32-bit numbers. */
export function chooseTwo(count: number, random: (size: number) => Uint32Array): [number, number] {
  if (count < 2) throw new RangeError("needs two words");
  const [a = 0, b = 0] = random(2);
  const first = a % count;
  const second = (first + 1 + (b % (count - 1))) % count;
  return first < second ? [first, second] : [second, first];
}
