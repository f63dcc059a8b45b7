import { expect, test } from "vitest";
import { Machine, tabsVersion, type Input, type Output } from "./machine.ts";

const version = tabsVersion;

function tab(...inputs: Input[]) {
  const machine = new Machine();
  const take = (...more: Input[]): Output[] => more.flatMap((input) => machine.take(input));
  const ticks = (count: number) => take(...Array.from({ length: count }, () => ({ kind: "tick" }) as const));
  take({ kind: "begin", term: 0, visible: true }, ...inputs);
  return { machine, take, ticks };
}

const elected = (term: number): Input[] => [{ kind: "granted" }, { kind: "elected", term }];
const following = (term: number): Input[] => [
  { kind: "announced", term, version },
  { kind: "linked", term },
];

test("the first tab gets the lock, takes a term, leads and says so", () => {
  const machine = new Machine();
  expect(machine.take({ kind: "begin", term: 3, visible: true })).toEqual(["queue", "call"]);
  expect(machine.take({ kind: "granted" })).toEqual([]);
  expect(machine.take({ kind: "elected", term: 4 })).toEqual(["lead", "announce"]);
  expect([machine.role, machine.term]).toEqual(["leading", 4]);
});

test("a second tab follows once its link stands, and leads when the lock comes to it", () => {
  const { machine, take } = tab({ kind: "announced", term: 1, version });
  expect(take({ kind: "linked", term: 1 })).toEqual(["follow"]);
  expect(machine.role).toBe("following");
  expect(take({ kind: "granted" })).toEqual(["unlink"]);
  expect(take({ kind: "elected", term: 2 })).toEqual(["lead", "announce"]);
});

test("a visible follower takes over after four ticks without an answer, not before", () => {
  const { take, ticks } = tab(...following(1));
  expect(ticks(4)).toEqual(["ping", "ping", "ping", "ping"]);
  expect(take({ kind: "heard" })).toEqual([]);
  expect(ticks(4)).toEqual(["ping", "ping", "ping", "ping"]);
  expect(ticks(1)).toEqual(["unlink", "steal"]);
});

test("a hidden follower neither asks nor judges, and begins to count when it is seen", () => {
  const { take, ticks } = tab(...following(1), { kind: "shown", visible: false });
  expect(ticks(100)).toEqual([]);
  take({ kind: "shown", visible: true });
  expect(ticks(4)).toEqual(["ping", "ping", "ping", "ping"]);
});

test("a tab that finds nobody calls again at each tick, so that a lost message costs a tick", () => {
  const { ticks } = tab();
  expect(ticks(2)).toEqual(["call", "call"]);
});

test("takeovers that don't help get rarer", () => {
  const { ticks } = tab();
  const between: number[] = [];
  for (let count = 0; between.length < 4; ++count)
    if (ticks(1).includes("steal")) (between.push(count), (count = -1));
  expect(between).toEqual([4, 8, 16, 32]);
});

test("who waits for its own term doesn't take over from itself", () => {
  const { ticks } = tab({ kind: "granted" });
  expect(ticks(50)).toEqual([]);
});

test("of two leaders the one of the lower term steps down when it hears of the other", () => {
  const { machine, take } = tab(...elected(1));
  expect(take({ kind: "announced", term: 2, version })).toEqual(["stepDown", "queue", "call"]);
  expect(machine.role).toBe("seeking");
  // The lock's loss is learned later, and changes nothing more.
  expect(take({ kind: "deposed" })).toEqual([]);
});

test("a leader doesn't yield to a lower term, nor to its own", () => {
  const { machine, take } = tab(...elected(5));
  expect(take({ kind: "announced", term: 4, version }, { kind: "announced", term: 5, version })).toEqual([]);
  expect(machine.role).toBe("leading");
});

test("a leader that was robbed of the lock steps down, and stands in line again", () => {
  const { take } = tab(...elected(1));
  expect(take({ kind: "deposed" })).toEqual(["stepDown", "queue", "call"]);
});

test("a tab that is robbed before its term came doesn't lead", () => {
  const { machine, take } = tab({ kind: "granted" }, { kind: "deposed" });
  expect(take({ kind: "elected", term: 7 })).toEqual([]);
  expect(machine.role).toBe("seeking");
});

test("a term that was overtaken on its way leads nobody", () => {
  const { machine, take } = tab({ kind: "announced", term: 9, version }, { kind: "granted" });
  expect(take({ kind: "elected", term: 9 })).toEqual([]);
  expect(machine.role).toBe("rising");
});

test("a link of a leader of the past is refused", () => {
  const { machine, take } = tab({ kind: "announced", term: 2, version });
  expect(take({ kind: "linked", term: 1 })).toEqual([]);
  expect(machine.role).toBe("seeking");
});

test("followers leave a leader of the past for the new one", () => {
  const { take } = tab(...following(1));
  expect(take({ kind: "announced", term: 2, version })).toEqual(["unlink", "call"]);
  expect(take({ kind: "linked", term: 2 })).toEqual(["follow"]);
});

test("beside a newer version a tab keeps to itself for good, and never fights for the lock", () => {
  const { machine, take, ticks } = tab(...elected(1));
  expect(take({ kind: "announced", term: 2, version: version + 1 })).toEqual([
    "stepDown",
    "release",
    "goAlone",
  ]);
  expect(ticks(100)).toEqual([]);
  expect(take(...elected(3))).toEqual([]);
  expect(machine.role).toBe("alone");
});

test("an older version is replaced at once", () => {
  const { take } = tab();
  expect(take({ kind: "announced", term: 2, version: version - 1 })).toEqual(["steal"]);
});

test("a page that is left gives the lock up, hears nothing more, and may come back", () => {
  const { machine, take } = tab(...elected(1));
  expect(take({ kind: "leave" })).toEqual(["stepDown", "release"]);
  expect(take({ kind: "tick" }, ...elected(2))).toEqual([]);
  expect(take({ kind: "begin", term: 2, visible: false })).toEqual(["queue", "call"]);
  expect(machine.term).toBe(2);
});

test("whatever happens in whatever order, it leads only in a term above all it knows, after it was granted the lock", () => {
  let seed = 1;
  const random = (below: number): number => {
    seed = (seed * 48271) % 0x7fffffff;
    return seed % below;
  };
  for (let run = 0; run < 500; ++run) {
    const { machine, take } = tab();
    let highest = 0;
    let granted = false;
    let holding = false;
    for (let step = 0; step < 60; ++step) {
      const term = random(12);
      const input = (
        [
          { kind: "granted" },
          { kind: "elected", term },
          { kind: "deposed" },
          { kind: "announced", term, version: version - 1 + random(3) },
          { kind: "linked", term },
          { kind: "unlinked" },
          { kind: "heard" },
          { kind: "tick" },
          { kind: "shown", visible: random(2) === 0 },
          { kind: "leave" },
          { kind: "begin", term, visible: true },
        ] as const
      )[random(20) % 11]!;
      const before = machine.term;
      const out = take(input);
      if (input.kind === "granted" && !["gone", "alone"].includes(machine.role)) granted = true;
      if (out.includes("lead")) {
        expect(granted).toBe(true);
        expect(machine.term).toBeGreaterThan(before);
        expect(holding).toBe(false);
        holding = true;
        granted = false;
      }
      if (out.includes("stepDown")) {
        expect(holding).toBe(true);
        holding = false;
      }
      expect(machine.term).toBeGreaterThanOrEqual(highest);
      highest = machine.term;
      expect(holding).toBe(machine.role === "leading");
    }
  }
});
