import { freemem } from 'node:os';
import { VitaminError } from '@vitamin-vlm/core';
import type { LlamaConfig } from '../models/llama-config.ts';

/** What a language model takes in memory, in bytes. */
export interface LlamaMemory {
  readonly parameters: number;
  /** Weights as they are multiplied: float32, or matrices in 8 bits. */
  readonly weights: number;
  /** Keys and values of a full context. */
  readonly cache: number;
  readonly total: number;
}

/** What ONNX Runtime and a prompt's intermediate results take beside them; measured on small models, rounded up. */
const OVERHEAD = 1.15;

/**
 * Works out what a language model takes before anything of it is loaded.
 *
 * @param parameters - Of the whole model; `matrices` of them are in 8 bits.
 * @example
 * ```ts
 * import { llamaMemory, readLlamaConfig } from '@vitamin-vlm/llava-bridge';
 * const sizes = { hidden_size: 4096, intermediate_size: 11008, num_hidden_layers: 32, num_attention_heads: 32, vocab_size: 32000 };
 * const memory = llamaMemory(readLlamaConfig({ model_type: 'llama', ...sizes }), { parameters: 6_738_415_616, context: 2048 });
 * console.log(memory.weights / 1e9); // 27 GB: an engine with 4 bits takes 4
 * ```
 */
export function llamaMemory(
  { layers, groups, size }: LlamaConfig,
  { parameters, matrices = 0, context }: { readonly parameters: number; readonly matrices?: number; readonly context: number },
): LlamaMemory {
  const weights = 4 * (parameters - matrices) + matrices;
  const cache = 2 * layers * groups * size * context * 4;
  return { parameters, weights, cache, total: Math.ceil(OVERHEAD * (weights + cache)) };
}

/** Bytes that this process may still take. */
export function availableBytes(): number {
  return process.availableMemory?.() ?? freemem();
}

/**
 * Refuses a language model that does not fit.
 *
 * @throws VitaminError `RUNTIME` with the numbers and the engine to use instead.
 */
export function expectMemory({ parameters, weights, cache, total }: LlamaMemory, available: number, context: number): void {
  if (total <= available) return;
  throw new VitaminError(
    'RUNTIME',
    `Expected ${gigabytes(total)} of memory for ${(parameters / 1e9).toFixed(1)} billion parameters (weights ${gigabytes(weights)}, keys and values of ${context} tokens ${gigabytes(cache)}) but only ${gigabytes(available)} are free`,
    {
      hint: 'Serve the model with vLLM and name the address of the server, or take a file of it in 4 bits with llama.cpp: this decoder is for small models. The precision int8 and a shorter context take less.',
    },
  );
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
