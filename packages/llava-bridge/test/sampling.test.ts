import { expect, it } from 'vitest';
import { chooseToken, randomNumbers } from '../src/index.ts';

const shares = (
  options: Parameters<typeof chooseToken>[2],
  scores = [Math.log(0.5), Math.log(0.3), Math.log(0.15), Math.log(0.05)],
): number[] => {
  const random = randomNumbers(3);
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 20_000; i++) counts[chooseToken(Float32Array.from(scores), [], options, random)]!++;
  return counts.map((count) => count / 20_000);
};

const near = (found: readonly number[], expected: readonly number[]): void =>
  found.forEach((share, i) => expect(share).toBeCloseTo(expected[i]!, 1.7));

it('draws by probability, among the best where asked to', () => {
  near(shares({ temperature: 1 }), [0.5, 0.3, 0.15, 0.05]);
  near(shares({ temperature: 1, topK: 2 }), [0.625, 0.375, 0, 0]);
  // The token that completes the probability is kept.
  near(shares({ temperature: 1, topP: 0.6 }), [0.625, 0.375, 0, 0]);
  near(
    shares({ temperature: 0.5 }),
    [0.25, 0.09, 0.0225, 0.0025].map((share) => share / 0.365),
  );
  expect(shares({ temperature: 0 })).toEqual([1, 0, 0, 0]);
  expect(shares({ temperature: 1, topP: 0.01 })).toEqual([1, 0, 0, 0]);
});

it('the penalty makes what stands there less likely, whatever its sign', () => {
  const options = { repetitionPenalty: 2 };
  expect(chooseToken(Float32Array.from([3, 2]), [0], options, Math.random)).toBe(1);
  expect(chooseToken(Float32Array.from([-1, -1.5]), [0, 0], options, Math.random)).toBe(1);
});
