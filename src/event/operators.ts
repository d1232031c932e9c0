import type { Operation } from './parts.ts';
import { comparable, equal, int, joined, type Value } from './values.ts';

/** Between two ints, or between two doubles; CEL mixes them in comparisons only. */
function arithmetic(
  ofInts: (left: bigint, right: bigint) => bigint | undefined,
  ofDoubles?: (left: number, right: number) => number,
): Operation {
  const apply = (left: Value, right: Value): Value => {
    if (typeof left === 'bigint' && typeof right === 'bigint') return ofInts(left, right);
    return typeof left === 'number' && typeof right === 'number' ? ofDoubles?.(left, right) : undefined;
  };
  return { cost: 45, apply };
}

const { apply: sum } = arithmetic(
  (left, right) => int(left + right),
  (left, right) => left + right,
);

function comparison(compare: (left: string, right: string) => boolean): Operation {
  return {
    cost: 25,
    // JavaScript compares whatever it is given; what that is was found out before.
    apply: (left, right) => (comparable(left, right) ? compare(left as string, right as string) : undefined),
  };
}

function identity(same: boolean): NonNullable<Operation['test']>['of'] {
  return (first, given) => (client, item) => {
    const value = first(client, item);
    return value === undefined ? undefined : (value === given) === same;
  };
}

export const NOT: Operation = { cost: 4, apply: (value) => (typeof value === 'boolean' ? !value : undefined) };
export const NEGATIVE: Operation = {
  cost: 40,
  apply: (value) => (typeof value === 'bigint' || typeof value === 'number' ? -value : undefined),
};

/** The operators that need both their sides, by the name they have in the syntax tree. `&&`, `||` and `?:` do not, and `in` knows more of lists. */
export const OPERATORS: Readonly<Record<string, Operation>> = {
  '==': { cost: 16, apply: equal, test: { cost: 8, of: identity(true) } },
  '!=': { cost: 16, apply: (left, right) => !equal(left, right), test: { cost: 8, of: identity(false) } },
  '<': comparison((left, right) => left < right),
  '<=': comparison((left, right) => left <= right),
  '>': comparison((left, right) => left > right),
  '>=': comparison((left, right) => left >= right),
  '+': {
    cost: 35,
    apply: (left, right) => (typeof left === 'string' && typeof right === 'string' ? joined(left, right) : sum(left, right)),
  },
  '-': arithmetic(
    (left, right) => int(left - right),
    (left, right) => left - right,
  ),
  '*': arithmetic(
    (left, right) => int(left * right),
    (left, right) => left * right,
  ),
  '/': arithmetic(
    (left, right) => (right === 0n ? undefined : left / right),
    (left, right) => left / right,
  ),
  '%': arithmetic((left, right) => (right === 0n ? undefined : left % right)),
};
