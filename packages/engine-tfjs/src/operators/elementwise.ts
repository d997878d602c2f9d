import type { Attributes } from '../attributes.ts';
import { elementTypes } from '../onnx/read-model.ts';
import { type Operator, operator, type Tf, type TfTensor } from './operator.ts';

type Unary = (tf: Tf, x: TfTensor) => TfTensor;
type Binary = (tf: Tf, a: TfTensor, b: TfTensor) => TfTensor;

const unary = (f: Unary): Operator => operator<[TfTensor]>((tf) => (x) => f(tf, x));
const binary = (f: Binary): Operator => operator<[TfTensor, TfTensor]>((tf) => (a, b) => f(tf, a, b));
const folded = (f: Binary): Operator =>
  operator<TfTensor[]>(
    (tf) =>
      (...values) =>
        values.reduce((a, b) => f(tf, a, b)),
  );

/** ONNX cuts the quotient of whole numbers towards 0, TensorFlow.js towards -infinity. */
const divide: Binary = (tf, a, b) => {
  const quotient = tf.div(a, b);
  if (a.dtype !== 'int32') return quotient;
  const wentDown = tf.logicalAnd(tf.less(quotient, tf.scalar(0, 'int32')), tf.notEqual(tf.mul(quotient, b), a));
  return tf.add(quotient, tf.cast(wentDown, 'int32'));
};

/** The exact one: TensorFlow.js has no kernel for it. */
const gelu: Unary = (tf, x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));

const compared = (f: Binary): Operator =>
  binary((tf, a, b) => (a.dtype === 'bool' ? f(tf, tf.cast(a, 'int32'), tf.cast(b, 'int32')) : f(tf, a, b)));

const carriers: Readonly<Partial<Record<string, 'float32' | 'int32' | 'bool'>>> = {
  float32: 'float32',
  int32: 'int32',
  int64: 'int32',
  bool: 'bool',
};

function cast(tf: Tf, attributes: Attributes): (x: TfTensor) => TfTensor {
  const code = attributes.number('to', 0);
  const carrier = carriers[elementTypes.get(code) ?? ''];
  // TensorFlow.js knows neither halves nor doubles, and no narrow whole numbers.
  if (!carrier) attributes.only('to', -1);
  return (x) => tf.cast(x, carrier ?? 'float32');
}

/** What is worked out element by element. */
export const elementwise: Readonly<Record<string, Operator>> = {
  Abs: unary((tf, x) => tf.abs(x)),
  Cos: unary((tf, x) => tf.cos(x)),
  Erf: unary((tf, x) => tf.erf(x)),
  Exp: unary((tf, x) => tf.exp(x)),
  Floor: unary((tf, x) => tf.floor(x)),
  Identity: unary((tf, x) => tf.clone(x)),
  Log: unary((tf, x) => tf.log(x)),
  Neg: unary((tf, x) => tf.neg(x)),
  Not: unary((tf, x) => tf.logicalNot(x)),
  Relu: unary((tf, x) => tf.relu(x)),
  Sigmoid: unary((tf, x) => tf.sigmoid(x)),
  Sin: unary((tf, x) => tf.sin(x)),
  Softplus: unary((tf, x) => tf.softplus(x)),
  Sqrt: unary((tf, x) => tf.sqrt(x)),
  Gelu: operator<[TfTensor]>((tf, attributes) => {
    attributes.only('approximate', 'none');
    return (x) => gelu(tf, x);
  }),
  Add: binary((tf, a, b) => tf.add(a, b)),
  Sub: binary((tf, a, b) => tf.sub(a, b)),
  Mul: binary((tf, a, b) => tf.mul(a, b)),
  Div: binary(divide),
  Pow: binary((tf, a, b) => tf.pow(a, b)),
  Max: folded((tf, a, b) => tf.maximum(a, b)),
  Min: folded((tf, a, b) => tf.minimum(a, b)),
  And: binary((tf, a, b) => tf.logicalAnd(a, b)),
  Or: binary((tf, a, b) => tf.logicalOr(a, b)),
  Equal: compared((tf, a, b) => tf.equal(a, b)),
  Greater: compared((tf, a, b) => tf.greater(a, b)),
  Less: compared((tf, a, b) => tf.less(a, b)),
  Cast: operator<[TfTensor]>(cast),
  Clip: operator<[TfTensor, TfTensor | undefined, TfTensor | undefined]>((tf) => (x, least, most) => {
    const above = least ? tf.maximum(x, least) : x;
    return most ? tf.minimum(above, most) : above;
  }),
  Where: operator<[TfTensor, TfTensor, TfTensor]>((tf) => (condition, a, b) => tf.where(condition, a, b)),
};
