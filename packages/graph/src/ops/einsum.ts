import { VitaminError } from '@vitamin-vlm/core';
import { expectTypes, floats } from '../expect.ts';
import type { Value } from '../graph.ts';
import { type Dim, formatShape } from '../shape.ts';
import { expand, reshape } from './layout.ts';

/**
 * Products summed over the axes that the result does not name, written with one letter for an axis: `bqc,bchw->bqhw` scores every pixel with every
 * query. Each letter stands once in an operand; the result is always spelt out. The gradient is such a sum too.
 *
 * @throws VitaminError `USAGE` for an equation that does not fit the operands.
 * @example
 * ```ts
 * import { einsum, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const queries = graph.input('queries', 'float32', ['N', 100, 256]);
 * const pixels = graph.input('pixels', 'float32', ['N', 256, 'h', 'w']);
 * graph.output('masks', einsum('bqc,bchw->bqhw', queries, pixels)); // [N, 100, h, w]
 * ```
 */
export function einsum(equation: string, ...operands: readonly Value[]): Value {
  const [left = '', result] = equation.split('->');
  const terms = left.split(',');
  const first = operands[0];
  if (result === undefined || !first || terms.length !== operands.length || ![...terms, result].every(isTerm)) {
    throw new VitaminError('USAGE', `Expected an equation such as "ij,jk->ik" with ${operands.length} operands but received "${equation}"`);
  }
  expectTypes('Einsum', floats, ...operands);
  const extents = extentsOf(equation, terms, operands);
  const unknown = letters(result).find((letter) => !extents.has(letter));
  if (unknown !== undefined) throw new VitaminError('USAGE', `Expected an operand with axis "${unknown}" but received "${equation}"`);
  return first.graph.node({
    op: 'Einsum',
    inputs: operands,
    attributes: { equation },
    dtype: first.dtype,
    shape: letters(result).map((letter) => extents.get(letter)!),
    gradient: operands.map((operand, i) => (dy) => {
      const others = operands.filter((_, other) => other !== i);
      const known = [result, ...terms.filter((_, other) => other !== i)];
      // An axis that only this operand has was summed up alone: its gradient is the same everywhere.
      const kept = letters(terms[i]!).map((letter) => known.some((term) => term.includes(letter)));
      const part = einsum(
        `${known.join(',')}->${letters(terms[i]!)
          .filter((_, axis) => kept[axis])
          .join('')}`,
        dy,
        ...others,
      );
      return expand(
        reshape(
          part,
          operand.shape.map((dim, axis) => (kept[axis] ? dim : 1)),
        ),
        operand.shape,
      );
    }),
  });
}

const letters = (term: string): string[] => Array.from(term);

/** Letters, each once. */
const isTerm = (term: string): boolean => /^[A-Za-z]*$/.test(term) && new Set(term).size === term.length;

/** The extent that each letter stands for. */
function extentsOf(equation: string, terms: readonly string[], operands: readonly Value[]): Map<string, Dim> {
  const extents = new Map<string, Dim>();
  terms.forEach((term, i) => {
    const { shape } = operands[i]!;
    const fits =
      term.length === shape.length && letters(term).every((letter, axis) => (extents.get(letter) ?? shape[axis]) === shape[axis]);
    if (!fits) {
      throw new VitaminError(
        'USAGE',
        `Expected operands that fit "${equation}" but received ${operands.map((operand) => formatShape(operand.shape)).join(', ')}`,
      );
    }
    letters(term).forEach((letter, axis) => extents.set(letter, shape[axis]!));
  });
  return extents;
}
