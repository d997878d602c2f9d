import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Backbone, openModel, type OpenedModel, type ViTConfig, vitTrunk } from '@vitamin-vlm/backbone';
import { writeSafetensors } from '@vitamin-vlm/checkpoint';
import { type Tensor, tensor } from '@vitamin-vlm/core';
import { Graph, Parameters } from '@vitamin-vlm/graph';
import { runGraph } from '../fvit/run-graph.ts';
import type { GoldenContext } from '../golden/checker.ts';
import type { Golden } from '../golden/golden.ts';
import { formulaValues } from '../formula.ts';
import { type CaseWeights, caseWeights, towersTensor, writeCase } from './case-weights.ts';

type Row = readonly [openClip: string, transformers: string, operation: string];

/** One model in open_clip's names, in transformers' by the rows of the file, and as OpenAI's archive: what comes out is the same. */
export async function compareNameMaps(golden: Golden, example: Golden, context: GoldenContext): Promise<void> {
  const weights = caseWeights(example);
  const folder = join(context.folder, 'names');
  await mkdir(folder, { recursive: true });
  const paths = {
    openClip: join(folder, 'open-clip.safetensors'),
    openai: join(folder, 'openai.safetensors'),
    transformers: join(folder, 'hf.safetensors'),
  };
  await writeCase(paths.openClip, weights);
  const transformers = golden.at('transformersCLIPModel');
  const rows = transformers.at('rows').take() as Row[];
  await writeSafetensors(paths.transformers, transformersTensors(weights, rows, transformers.at('extraNames').take() as string[]));
  const scalars = ['input_resolution', 'context_length', 'vocab_size'].map((name) => [name, tensor('int64', [])] as const);
  await writeSafetensors(paths.openai, [...namedTensors(weights), ...scalars]);

  const session = { threads: context.threads, signal: context.signal, cacheDir: join(context.folder, 'cache') };
  const [openClip, openai, hf] = await Promise.all(
    Object.values(paths).map((path) => openModel(path, { ...session, hints: weights.hints })),
  );
  const [ours, archive, theirs] = [await outputs(openClip!, session), await outputs(openai!, session), await outputs(hf!, session)];
  const differences = transformers.at('verifiedMaxAbsDiffFloat64');
  differences.at('image').numbers([largest(ours.image, theirs.image)], 1);
  differences.at('text').numbers([largest(ours.text, theirs.text)], 1);
  const names = [openai!.layout.form, hf!.layout.form];
  golden
    .at('openaiTorchScript', 'rule')
    .equal(
      names.join() === 'openai,transformers' && largest(ours.image, archive.image) < 1e-5
        ? golden.at('openaiTorchScript', 'rule').value
        : names,
    );
  await compareHiddenStates(differences, openClip!, hf!, session);
  // What padding stands behind the end of a text changes nothing: the end is the first of the largest ids.
  differences.at('text_padded_with_49407').numbers([largest(ours.text, ours.padded)], 1);
}

function namedTensors({ shapes, seedSuffix }: CaseWeights): (readonly [string, Tensor])[] {
  return [...shapes].map(([name, shape]) => [name, towersTensor(name, shape, seedSuffix)] as const);
}

/** The same numbers under the names of the rows: renamed, split in three, or transposed. */
function transformersTensors(weights: CaseWeights, rows: readonly Row[], extra: readonly string[]): (readonly [string, Tensor])[] {
  const tensors = namedTensors(weights).flatMap(([name, value]) => {
    for (const [from, to, operation] of rows) {
      const found = new RegExp(
        `^${from.replaceAll('.', '\\.').replace('{i}', '(?<i>\\d+)').replace('{p}', '(?<p>weight|bias)')}$`,
        'u',
      ).exec(name);
      if (!found) continue;
      const target = to.replace('{i}', found.groups?.['i'] ?? '').replace('{p}', found.groups?.['p'] ?? '');
      if (operation.startsWith('split')) return thirds(value).map((part, i) => [target.replace('{q,k,v}', 'qkv'[i]!), part] as const);
      return [[target, operation.startsWith('transpose') ? transposed(value) : value] as const];
    }
    return [];
  });
  const buffers = extra.flatMap((name) => name.split(' ').slice(0, 1)).map((name) => [name, tensor('int64', [1, 2])] as const);
  return [...tensors, ...buffers];
}

function thirds({ shape, data }: Tensor): Tensor[] {
  const size = data.length / 3;
  return [0, 1, 2].map((i) =>
    tensor('float32', [shape[0]! / 3, ...shape.slice(1)], (data as Float32Array).slice(i * size, (i + 1) * size)),
  );
}

function transposed({ shape, data }: Tensor): Tensor {
  const [rows, columns] = shape as [number, number];
  const out = tensor('float32', [columns, rows]);
  for (let i = 0; i < data.length; i++) out.data[(i % columns) * rows + Math.floor(i / columns)] = data[i] as number;
  return out;
}

interface Session {
  readonly threads: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly cacheDir: string;
}

async function outputs(model: OpenedModel, session: Session): Promise<Record<'image' | 'text' | 'padded', Tensor<'float32'>>> {
  await using backbone = Backbone.from(model, session);
  const { imageSize: size } = model.tower;
  const image = await backbone.embedPixels(formulaValues('input', [1, 3, size, size], 4));
  const row = [49_406, 320, 1125, 539, 320, 2368, 49_407];
  const ids = (padding: number): Tensor<'int32'> => {
    const all = tensor('int32', [1, 77]);
    all.data.fill(padding);
    all.data.set(row);
    return all;
  };
  const eot = Int32Array.of(row.length - 1);
  return { image, text: await backbone.embedTokens({ ids: ids(0), eot }), padded: await backbone.embedTokens({ ids: ids(49_407), eot }) };
}

/** transformers' list of hidden states, against the results of the blocks here. */
async function compareHiddenStates(golden: Golden, openClip: OpenedModel, transformers: OpenedModel, session: Session): Promise<void> {
  const [ours, theirs] = [await states(openClip, session), await states(transformers, session)];
  golden.at('hidden_states0_is_ln_pre').numbers([largest(ours[0]!, theirs[0]!)], 1);
  golden.at('hidden_states_minus2_is_block_depth_minus2').numbers([largest(ours.at(-2)!, theirs.at(-2)!)], 1);
  golden.at('last_hidden_state_is_last_block_without_ln_post').numbers([largest(ours.at(-1)!, theirs.at(-1)!)], 1);
}

async function states({ config, tower }: OpenedModel, session: Session): Promise<Tensor<'float32'>[]> {
  const size = tower.imageSize;
  const graph = new Graph('states');
  const { root } = new Parameters(graph, { weights: tower.weightsFor(size) });
  const input = formulaValues('input', [1, 3, size, size], 4);
  const { start, blocks } = vitTrunk(root.at('visual'), graph.input('image', 'float32', input.shape), config.image as ViTConfig);
  const values = [start, ...blocks.map(({ out }) => out)];
  const found = await runGraph(graph, Object.fromEntries(values.map((value, i) => [`state${i}`, value])), { image: input }, session);
  return values.map((_, i) => found[`state${i}`]!);
}

function largest(a: Tensor<'float32'>, b: Tensor<'float32'>): number {
  return a.data.reduce((most, value, i) => Math.max(most, Math.abs(value - b.data[i]!)), 0);
}
