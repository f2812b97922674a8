import test from "ava";
import fc from "fast-check";
import { type InLine, Line } from "../src/labrpc/line.js";

interface Item extends InLine<Item> {
  readonly name: number;
}

const newItem = (name: number): Item => ({ name, ahead: undefined, behind: undefined, isInLine: false });

test("a line has the order of a Set, whoever leaves and comes back", (t) => {
  const step = fc.record({ name: fc.nat(9), does: fc.constantFrom("add", "delete", "takeAll") });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const items = Array.from({ length: 10 }, (_, name) => newItem(name));
      const line = new Line<Item>();
      const set = new Set<Item>();
      for (const { name, does } of steps) {
        const item = items[name] as Item;
        if (does === "delete") {
          t.is(line.delete(item), set.delete(item));
        } else if (does === "takeAll") {
          t.deepEqual(names(line.takeAll()), names([...set]));
          set.clear();
        } else if (!set.has(item)) {
          line.add(item);
          set.add(item);
        }
        t.is(line.first, [...set][0]);
      }
      t.deepEqual(names(line.takeAll()), names([...set]));
      t.is(line.first, undefined);
    }),
  );
});

test("who has left holds on to nobody", (t) => {
  const line = new Line<Item>();
  const [first, second, third] = [newItem(1), newItem(2), newItem(3)] as const;
  for (const item of [first, second, third]) line.add(item);
  line.delete(second);
  t.deepEqual(second, newItem(2));
  t.is(third.ahead, first);
  t.is(first.behind, third);
});

function names(items: readonly Item[]): number[] {
  return items.map(({ name }) => name);
}
