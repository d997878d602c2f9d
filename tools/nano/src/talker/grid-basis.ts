import { cells } from './plan.ts';

/** Orthonormal directions of the channels that hold all positions of the grid: those of rows and of columns, by Gram and Schmidt. */
export function gridBasis(channels: number): Float32Array[] {
  const quarter = channels / 4;
  const basis: Float32Array[] = [];
  for (const [axis, count] of [cells.height, cells.width].entries()) {
    for (let place = 0; place < count; place++) {
      const vector = new Float32Array(channels);
      for (let k = 0; k < quarter; k++) {
        const angle = place * 10_000 ** (-k / quarter);
        vector[2 * axis * quarter + k] = Math.sin(angle);
        vector[2 * axis * quarter + quarter + k] = Math.cos(angle);
      }
      add(basis, vector);
    }
  }
  return basis;
}

function add(basis: Float32Array[], vector: Float32Array): void {
  for (const known of basis) {
    const along = known.reduce((sum, value, i) => sum + value * vector[i]!, 0);
    for (let i = 0; i < vector.length; i++) vector[i]! -= along * known[i]!;
  }
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  // The slow waves hardly differ from place to place.
  if (length > 0.05) basis.push(vector.map((value) => value / length));
}
