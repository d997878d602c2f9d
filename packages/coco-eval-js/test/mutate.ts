const WEIRD: readonly unknown[] = [
  null,
  undefined,
  true,
  '',
  'x',
  NaN,
  Infinity,
  -Infinity,
  -1,
  0,
  0.5,
  1e308,
  -1e308,
  2 ** 31,
  2 ** 53,
  1e-320,
  [],
  {},
  [[]],
  [null],
  { counts: '' },
  { size: [1e9, 1e9], counts: 'n0' },
  { size: [10, 10], counts: [1e9] },
  { size: [0, 0], counts: '' },
  [[1, 2, 3, 4, 5, 6]],
  [[NaN, 1, 2, 3, 4, 5]],
  '__proto__',
];

/** Replaces one value somewhere in a JSON tree, in place. */
export function mutate(root: unknown, r: () => number): void {
  let node = root as Record<string, unknown>;
  for (;;) {
    const keys = Object.keys(node);
    const key = keys[Math.floor(r() * keys.length)];
    if (key === undefined) return;
    const child = node[key];
    if (typeof child === 'object' && child !== null && r() < 0.85) {
      node = child as Record<string, unknown>;
      continue;
    }
    if (r() < 0.15) delete node[key];
    else node[key] = WEIRD[Math.floor(r() * WEIRD.length)];
    return;
  }
}
