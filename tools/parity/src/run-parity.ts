import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Backbone, resizePositionEmbedding } from '@vitamin-vlm/backbone';
import { throwIfAborted, VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import type { SessionOptions } from '@vitamin-vlm/runtime';
import { type Comparison, compare } from './compare.ts';
import type { Expectation, PositionsExpectation } from './expectation.ts';
import { formulaValues } from './formula.ts';
import { imageTensors, type Produced, slidingTensors } from './image-tensors.ts';
import { type Job, jobsOf, subjectOf } from './jobs.ts';
import { bytesOf } from './shapes.ts';
import { clipTensors, textTensors, type WrittenCheckpoint } from './text-tensors.ts';
import { type FileFormat, writeFormulaCheckpoint } from './write-checkpoint.ts';

/** The outcome for one tensor. */
export interface ParityResult extends Comparison {
  /** What was run, e.g. `image vitamin-small-224`. */
  readonly subject: string;
  readonly field: string;
}

/** A checkpoint that is about to be written. */
export interface CheckpointNotice {
  readonly name: string;
  readonly bytes: number;
  readonly format: FileFormat;
}

export interface ParityOptions extends Pick<WorkOptions, 'signal'>, Pick<SessionOptions, 'threads' | 'provider'> {
  /** Files to write. `auto` (default): torch archives and safetensors in turn, so that both readers are used. */
  readonly format?: FileFormat | 'auto' | undefined;
  /** Where the checkpoints are written, in a folder of their own that is removed afterwards. Default: the system's folder for temporary files. */
  readonly folder?: string | undefined;
  readonly onResult?: ((result: ParityResult) => void) | undefined;
  readonly onCheckpoint?: ((notice: CheckpointNotice) => void) | undefined;
}

/**
 * Computes every expected tensor and compares it. For each model a checkpoint of formula weights is written in the published layout, loaded
 * by its path as a user would, run, and removed before the next one is written.
 *
 * @returns one result per tensor, in the order they were computed. What cannot be loaded or run counts as failed, with the reason.
 * @throws VitaminError `USAGE` for a folder that cannot be written, `RUNTIME` when it has no room, `ABORTED` on the signal.
 * @example
 * ```ts
 * import { parseExpectations, runParity } from '@vitamin-vlm/parity';
 * const results = await runParity(parseExpectations('{"image":{"nano":{"embedding":{"mean":0.0878741}}}}'));
 * console.log(results[0]?.pass, results[0]?.error);
 * ```
 */
export async function runParity(expectations: readonly Expectation[], options: ParityOptions = {}): Promise<ParityResult[]> {
  const folder = await makeFolder(options.folder ?? tmpdir());
  const results: ParityResult[] = [];
  const formats: readonly FileFormat[] = !options.format || options.format === 'auto' ? ['torch', 'safetensors'] : [options.format];
  try {
    for (const [i, job] of jobsOf(expectations).entries()) {
      throwIfAborted(options.signal);
      const place = join(folder, job.name);
      for await (const result of runJob(job, place, formats[i % formats.length]!, options)) {
        results.push(result);
        options.onResult?.(result);
      }
      await rm(place, { recursive: true, force: true });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return results;
}

function makeFolder(parent: string): Promise<string> {
  return mkdtemp(join(parent, 'vitamin-parity-')).catch((cause: unknown) => {
    const { code = 'an error' } = cause as NodeJS.ErrnoException;
    throw new VitaminError('USAGE', `Expected a folder that can be written at ${parent} but received ${code}`, { cause });
  });
}

async function* runJob(job: Job, place: string, format: FileFormat, options: ParityOptions): AsyncGenerator<ParityResult, void, undefined> {
  const session = { cacheDir: join(place, 'cache'), threads: options.threads, provider: options.provider, signal: options.signal };
  const path = join(place, format === 'torch' ? 'pytorch_model.bin' : 'model.safetensors');
  if (job.weights) {
    options.onCheckpoint?.({ name: job.name, bytes: bytesOf(job.weights.shapes), format });
    await writeFormulaCheckpoint(path, job.weights.shapes, { format, textNames: job.weights.textNames }, options);
  }
  for (const expectation of job.expectations) yield* compareAll(expectation, { path, ...job.weights }, session);
}

/** Compares what one expectation asks for. An error fails all tensors that it keeps from being computed. */
async function* compareAll(
  expectation: Expectation,
  checkpoint: Pick<WrittenCheckpoint, 'path'> & Partial<WrittenCheckpoint>,
  session: SessionOptions,
): AsyncGenerator<ParityResult, void, undefined> {
  const subject = subjectOf(expectation);
  const left = new Map(expectation.tensors);
  try {
    for await (const [field, found] of produce(expectation, checkpoint as WrittenCheckpoint, session)) {
      yield { subject, field, ...compare(found, left.get(field)!) };
      left.delete(field);
    }
  } catch (error) {
    if (!(error instanceof VitaminError) || error.code === 'ABORTED') throw error;
    const at = `${error.code}: ${error.message}`;
    for (const field of left.keys()) yield { subject, field, pass: false, error: Number.POSITIVE_INFINITY, limit: 0, at };
  }
}

async function* produce(
  expectation: Expectation,
  checkpoint: WrittenCheckpoint,
  session: SessionOptions,
): AsyncGenerator<Produced, void, undefined> {
  if (expectation.kind === 'positions') yield resized(expectation);
  else if (expectation.kind === 'text') yield* textTensors(expectation, checkpoint, session);
  else {
    await using backbone = await Backbone.load(checkpoint.path, session);
    if (expectation.kind === 'image') yield* imageTensors(expectation, backbone, session);
    else if (expectation.kind === 'sliding') yield* slidingTensors(expectation, backbone, session);
    else yield* clipTensors(expectation, backbone, session);
  }
}

/** A grid of values within ±1 under the name "pos", resized. */
function resized({ from, to, dim, antialias }: PositionsExpectation): Produced {
  const grid = formulaValues('pos', [1, from[0] * from[1], dim], 2);
  return ['resized', resizePositionEmbedding(grid, from, to, { antialias })];
}
