import { it } from 'vitest';
import { expectSameStep } from './same-step.ts';

// Gradients, clipping and AdamW of the embedded model's training: one graph, so TensorFlow.js needs no gradients of its own.
it('takes a whole contrastive training step on TensorFlow.js as on ONNX Runtime', { timeout: 900_000 }, async () => {
  await expectSameStep({ provider: 'tfjs-wasm' });
});
