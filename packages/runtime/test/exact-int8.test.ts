import { tensor } from '@vitamin-vlm/core';
import { Graph, matmulInt8, packInt8, toOnnx } from '@vitamin-vlm/graph';
import { Session } from '@vitamin-vlm/runtime';
import { expect, it } from 'vitest';

import { needsExactInt8 } from '../src/exact-int8.ts';

it.each([{}, { 'session.x64quantprecision': '0' }, { 'session.x64quantprecision': '1' }])(
  'products of 8 bits do not overflow where all numbers are as large as can be, %o',
  async (extra) => {
    // Without the option a processor that needs it would give about half.
    if ('session.x64quantprecision' in extra && extra['session.x64quantprecision'] === '0' && needsExactInt8()) return;
    const weight = packInt8(tensor('float32', [2, 512], new Float32Array(1024).fill(1).fill(-1, 512)));
    const graph = new Graph('full');
    const x = graph.input('x', 'float32', [3, 512]);
    graph.output('y', matmulInt8(x, { rounded: graph.constant(weight.rounded), steps: graph.constant(weight.steps) }));
    await using session = await Session.create(toOnnx(graph), { threads: 1, execution: 'inline', extra });
    const { y } = await session.run({ x: tensor('float32', [3, 512], new Float32Array(3 * 512).fill(1)) });
    y!.data.forEach((number, i) => expect(Number(number)).toBeCloseTo(i % 2 === 0 ? 512 : -512, 2));
  },
);

const flags = (...names: string[]): string => `processor\t: 0\nflags\t\t: fpu sse2 ${names.join(' ')} avx2\nbugs\t: none\n`;

it('asks for the exact way on x64 unless VNNI is known to be there', () => {
  expect(needsExactInt8('x64', flags('avx512_vnni'))).toBe(false);
  expect(needsExactInt8('x64', flags('avx_vnni'))).toBe(false);
  expect(needsExactInt8('x64', flags('avx512f', 'avx_vnni_int16'))).toBe(true);
  expect(needsExactInt8('x64', '')).toBe(true);
  expect(needsExactInt8('arm64', '')).toBe(false);
});
