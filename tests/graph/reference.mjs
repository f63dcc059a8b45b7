// Another implementation of docs/protocol/graph.md, as slow and as plain as can be: the state is computed from the whole set
// of messages at once. It makes the vectors that the C++ core must agree with, in its native build and in WebAssembly.
//
//   node tests/graph/reference.mjs > src/graph/vectors/graph.json
//   node tests/graph/reference.mjs --histories 1000 --seed 7 > /tmp/more.json
import { Key, compareValues, concat, encode, hex, isBytes, jsonOf } from "./reference/encoding.mjs";
import { History } from "./reference/history.mjs";

function* values() {
  const list = [null, true, false, 0, 1, -1, 23, 24, 256, 65536, 4294967296, 9007199254740991, -9007199254740991, 9007199254740992, -9007199254740992, 0.5, 1.5, 65504.5, 0.1, 1e21, 1e-7, 5e-324, 1.7976931348623157e308, 3.4028234663852886e38, "", "a", "\u0000\u001f\u007f\"\\/", "\u2028", "é", "\u{1f600}", "\uff5e", ["soul"], Buffer.from([]), Buffer.from([0, 255])];
  for (const value of list)
    yield { kind: "value", hex: hex(encode(value)), ...(isBytes(value) ? {} : { json: hex(Buffer.from(jsonOf(value))) }) };
  for (const a of list)
    for (const b of list)
      if (list.indexOf(a) < list.indexOf(b))
        yield { kind: "order", a: hex(encode(a)), b: hex(encode(b)), order: Math.sign(compareValues(a, b)) };
}

function* refused() {
  // Not deterministic, not a value, or a number in another's form.
  for (const bytes of ["1800", "f93c00", "f90000", "f98000", "fa3fc00000", "fb7ff0000000000000", "f97e00", "1b0020000000000000", "3b001fffffffffffff", "5f4101ff", "61ff", "80", "8160", "820000", "a0", "c001", "f7", "f800"])
    yield { kind: "no value", hex: bytes };
  const key = new Key(9).public;
  const body = (changes, state = 1, authors = []) => encode([1, state, null, authors, changes]);
  const put = [0, "p", 1];
  for (const bytes of [
    encode([2, 1, null, [], [["a", [put]]]]),
    body([]),
    body([["a", []]]),
    body([["", [put]]]),
    body([["b", [put]], ["a", [put]]]),
    body([["a", [put]], ["a", [put]]]),
    body([["a", [put]]], -1),
    body([["a", [put]]], 8640000000000001),
    body([["a", [put]]], 1, [key, key]),
    body([["a", [[0, "p"]]]]),
    body([["a", [[1, "p", 0.5]]]]),
    body([["a", [[1, "p", 9007199254740992]]]]),
    body([["a", [[2, "p", 1, [["b", 1], ["a", 1]]]]]]),
    body([["a", [[3, "p", 1, []]]]]),
    body([["a", [[3, "p", 1, [[1, 1, 0]]]]]]),
    body([["a", [[3, "p", 1, [[0, 0, 0]]]]]]),
    body([["a", [[3, "p", 1, [[0, 2, 0], [0, 1, 0]]]]]]),
    body([["a", [[4, "p", null, 2, [1]]]]]),
    body([["a", [[4, "p", null, 1, []]]]]),
    body([["a", [[5, "p", [[0, 1, 0, 0]]]]]]),
    body([["a".repeat(1025), [put]]]),
    concat(body([["a", [put]]]), [0]),
  ])
    yield { kind: "no body", hex: hex(bytes) };
}

const argument = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const histories = argument("histories", 8);
const seed = argument("seed", 1);
const lines = [...values(), ...refused()];
for (let i = 0; i < histories; i++)
  lines.push(...new History(seed + i, argument("size", 12 + 6 * (i % 6))).output(`history ${seed + i}`, i === 0));
process.stdout.write(`[\n${lines.map((line) => JSON.stringify(line)).join(",\n")}\n]\n`);
