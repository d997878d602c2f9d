import { sizeOf } from '@vitamin-vlm/core';
import { indices, type Operator, operator, reshaped, type Tf, type TfTensor } from './operator.ts';

/** Batched product. Leading axes are broadcast here: the kernels of TensorFlow.js repeat a batch only as a whole. */
export function matmul(tf: Tf, a: TfTensor, b: TfTensor): TfTensor {
  const leadA = a.shape.slice(0, -2);
  const leadB = b.shape.slice(0, -2);
  if (sizeOf(leadA) === 1 || sizeOf(leadB) === 1 || leadA.join() === leadB.join()) return tf.matMul(a, b);
  const lead = tf.backend_util.assertAndGetBroadcastShape(leadA, leadB);
  return tf.matMul(tf.broadcastTo(a, [...lead, ...a.shape.slice(-2)]), tf.broadcastTo(b, [...lead, ...b.shape.slice(-2)]));
}

/**
 * A sum of products by its equation, two operands at a time, each time as one batched matrix product: letters in both and in what is still needed are the batch,
 * letters in both alone are summed up. Not `tf.einsum`, which the wasm backend lacks.
 */
function einsum(tf: Tf, equation: string, operands: readonly TfTensor[]): TfTensor {
  const [left, right] = equation.replaceAll(' ', '').split('->') as [string, string];
  const result = Array.from(right);
  const terms = left.split(',').map((letters, i): Term => ({ letters: Array.from(letters), value: operands[i]! }));
  let [first, ...rest] = terms as [Term, ...Term[]];
  for (; rest.length > 0; rest = rest.slice(1)) {
    const needed = [...result, ...rest.slice(1).flatMap(({ letters }) => letters)];
    const second = sumAlone(tf, rest[0]!, [...needed, ...first.letters]);
    first = product(tf, sumAlone(tf, first, [...needed, ...second.letters]), second, needed);
  }
  return arranged(tf, sumAlone(tf, first, result), result);
}

type Letters = readonly string[];

interface Term {
  /** One for each axis. */
  readonly letters: Letters;
  readonly value: TfTensor;
}

/** Sums over the letters that nothing else has. */
function sumAlone(tf: Tf, { letters, value }: Term, needed: Letters): Term {
  const axes = indices(letters.length).filter((axis) => !needed.includes(letters[axis]!));
  if (axes.length === 0) return { letters, value };
  return { letters: letters.filter((letter) => needed.includes(letter)), value: tf.sum(value, axes) };
}

function arranged(tf: Tf, { letters, value }: Term, order: Letters): TfTensor {
  return tf.transpose(
    value,
    order.map((letter) => letters.indexOf(letter)),
  );
}

function product(tf: Tf, a: Term, b: Term, needed: Letters): Term {
  const shared = a.letters.filter((letter) => b.letters.includes(letter));
  const batch = shared.filter((letter) => needed.includes(letter));
  const summed = shared.filter((letter) => !needed.includes(letter));
  const own = ({ letters }: Term): Letters => letters.filter((letter) => !shared.includes(letter));
  const [rows, columns] = [own(a), own(b)];
  const extents = new Map([a, b].flatMap(({ letters, value }) => letters.map((letter, axis) => [letter, value.shape[axis]!] as const)));
  const size = (letters: Letters): number => letters.reduce((all, letter) => all * extents.get(letter)!, 1);
  const matrix = (term: Term, height: Letters, width: Letters): TfTensor =>
    reshaped(tf, arranged(tf, term, [...batch, ...height, ...width]), [size(batch), size(height), size(width)]);
  const letters = [...batch, ...rows, ...columns];
  const shape = letters.map((letter) => extents.get(letter)!);
  return { letters, value: reshaped(tf, tf.matMul(matrix(a, rows, summed), matrix(b, summed, columns)), shape) };
}

/** Products of matrices. */
export const products: Readonly<Record<string, Operator>> = {
  MatMul: operator<[TfTensor, TfTensor]>((tf) => (a, b) => matmul(tf, a, b)),
  Gemm: operator<[TfTensor, TfTensor, TfTensor | undefined]>((tf, attributes) => {
    attributes.only('alpha', 1);
    attributes.only('beta', 1);
    const [transA, transB] = [attributes.number('transA', 0), attributes.number('transB', 0)];
    return (a, b, c) => {
      const y = tf.matMul(a, b, transA === 1, transB === 1);
      return c ? tf.add(y, c) : y;
    };
  }),
  Einsum: operator<TfTensor[]>((tf, attributes) => {
    const equation = attributes.text('equation', '');
    return (...operands) => einsum(tf, equation, operands);
  }),
};
