import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Backbone, type Familiarity, familiarDistance, type FamiliarKind, saveFamiliarity, strangeness } from '@vitamin-vlm/backbone';
import { type Tensor, tensor } from '@vitamin-vlm/core';
import { kinds, renderScene, renderSingle, type Split } from '@vitamin-vlm/picture-world';
import { Command } from 'commander';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/** Principal directions that are kept of each kind of pictures. */
const DIRECTIONS = 16;
/** Share of the training's pictures that lie within the limit. */
const WITHIN = 0.99;
/** Beyond the seeds of every training. */
const FIRST_SEED = 1_200_000_000;
/** Pictures whose embeddings are decomposed, others on which the limits are chosen, and fresh ones. */
const COUNTS = { directions: 800, limit: 400, fresh: 600 } as const;
const FIRST_FRESH = 5000;
/** Sizes of scenes in turn, behind a single thing. */
const SIZES = [
  { width: 96, height: 96 },
  { width: 256, height: 256 },
  { width: 384, height: 288 },
] as const;
/** Single things and scenes lie apart: one set of directions for both would hold photographs as well. */
const KINDS = ['singles', 'scenes'] as const;

type Embedding = Tensor<'float32'>;
type Embeddings = Readonly<Record<(typeof KINDS)[number], readonly Embedding[]>>;

/** `familiar`: what the embedded model was trained on, as a few numbers beside it. */
export function familiarCommand(): Command {
  return new Command('familiar')
    .description('finds out where embeddings of drawn pictures lie, writes it beside the model, and counts what looks strange; prints JSON')
    .requiredOption('-m, --model <dir>', 'folder of the model')
    .option('--photographs <dirs...>', 'folders of JPEG files, none of which should look familiar')
    .action(async ({ model, photographs = [] }: { readonly model: string; readonly photographs?: readonly string[] }) => {
      await using backbone = await Backbone.load(model);
      const { tower, head } = backbone.model.identity;
      const known = await drawn(backbone, 'train', FIRST_SEED, COUNTS.directions);
      const others = await drawn(backbone, 'train', FIRST_SEED + COUNTS.directions, COUNTS.limit);
      const learned = KINDS.map((kind) => learn(known[kind], others[kind]));
      const familiarity = { identity: { tower, ...(head !== undefined && { head }) }, kinds: learned };
      await saveFamiliarity(join(model, 'familiarity.safetensors'), familiarity);
      const fresh = await drawn(backbone, 'val', FIRST_FRESH, COUNTS.fresh);
      const found = { ...fresh, photographs: await photographed(backbone, photographs) };
      const figures = Object.entries(found).map(([name, embeddings]) => [name, strange(embeddings, familiarity)] as const);
      console.log(JSON.stringify({ limits: learned.map(({ limit }) => limit), ...Object.fromEntries(figures) }, null, 2));
    });
}

/** How many embeddings look strange. */
function strange(embeddings: readonly Embedding[], familiarity: Familiarity): { readonly pictures: number; readonly strange: number } {
  return { pictures: embeddings.length, strange: embeddings.filter((one) => strangeness(one, familiarity) > 1).length };
}

function learn(known: readonly Embedding[], others: readonly Embedding[]): FamiliarKind {
  const parts = principalDirections(known);
  const distances = others.map((one) => familiarDistance(one, parts)).toSorted((a, b) => a - b);
  return { ...parts, limit: distances[Math.floor(WITHIN * distances.length)]! };
}

/** Mean of embeddings of length one, and the eigenvectors of the largest eigenvalues of their covariance. */
function principalDirections(embeddings: readonly Embedding[]): Omit<FamiliarKind, 'limit'> {
  const rows = new Matrix(
    embeddings.map(({ data }) => {
      const length = Math.hypot(...data);
      return Array.from(data, (value) => value / length);
    }),
  );
  const mean = rows.mean('column');
  rows.subRowVector(mean);
  const { eigenvectorMatrix } = new EigenvalueDecomposition(rows.transpose().mmul(rows), { assumeSymmetric: true });
  // Eigenvalues come in ascending order.
  const columns = Array.from({ length: DIRECTIONS }, (_, d) => eigenvectorMatrix.getColumn(rows.columns - 1 - d));
  return {
    mean: tensor('float32', [rows.columns], Float32Array.from(mean)),
    directions: tensor('float32', [DIRECTIONS, rows.columns], Float32Array.from(columns.flat())),
  };
}

/** Embeddings of pictures as the command `vitamin` makes them: a single thing, then a scene of each size, and again. */
async function drawn(backbone: Backbone, split: Split, firstSeed: number, count: number): Promise<Embeddings> {
  const found: Record<(typeof KINDS)[number], Embedding[]> = { singles: [], scenes: [] };
  for (let i = 0; i < count; i++) {
    const turn = i % (SIZES.length + 1);
    const seed = firstSeed + i;
    const { name } = kinds[Math.floor(i / (SIZES.length + 1)) % kinds.length]!;
    const { picture } = turn === 0 ? renderSingle(seed, name, { width: 96, split }) : renderScene(seed, { ...SIZES[turn - 1]!, split });
    found[turn === 0 ? 'singles' : 'scenes'].push((await backbone.encodeImage(picture, { dense: false })).pooled);
  }
  return found;
}

async function photographed(backbone: Backbone, folders: readonly string[]): Promise<Embedding[]> {
  const found: Embedding[] = [];
  for (const folder of folders) {
    for (const name of await readdir(folder)) {
      if (/\.jpe?g$/iu.test(name)) found.push((await backbone.encodeImage(join(folder, name), { dense: false })).pooled);
    }
  }
  return found;
}
