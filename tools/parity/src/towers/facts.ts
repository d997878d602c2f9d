import type { TextTowerConfig, TowerConfig } from '@vitamin-vlm/backbone';
import type { OpenedCase } from './opened.ts';

type Sizes<F extends TowerConfig['family']> = Extract<TowerConfig, { readonly family: F }>['image'];

/** What the original modules say of themselves, in their own words: compared with what the networks here are built from. */
export function compareFacts({ golden, model }: OpenedCase): void {
  const { config, text } = model;
  if (config.family === 'convnext') compareConvNeXt(golden, config.image);
  if (golden.has('notGenerated')) golden.at('notGenerated').equal([]);
  if (!golden.has('built')) return;
  const built = golden.at('built');
  const facts =
    config.family === 'coatnet'
      ? coAtNetFacts(config.image, model.tower.imageSize)
      : config.family === 'siglip2' || config.family === 'pe-core'
        ? pooledFacts(config.image, text)
        : {};
  for (const [name, value] of Object.entries(facts)) if (built.has(name)) built.at(name).equal(value);
}

function compareConvNeXt(golden: OpenedCase['golden'], { widths, embedDim, head, eps }: Sizes<'convnext'>): void {
  const width = widths.at(-1)!;
  golden.at('normPre').equal('Identity');
  const whole = (name: string, parts: readonly string[]): void => {
    const said = golden.at(name).value as string;
    golden.at(name).equal(parts.every((part) => said.includes(part)) ? said : parts.join(', '));
  };
  whole('trunkHead', [`LayerNorm2d((${width},), eps=${pythonNumber(eps)}, elementwise_affine=True)`]);
  whole(
    'head',
    head === 'linear'
      ? [linear('proj', width, embedDim, false)]
      : [linear('fc1', width, head.hidden, true), "GELU(approximate='none')", linear('fc2', head.hidden, embedDim, false)],
  );
}

function pooledFacts(image: Sizes<'siglip2'>, text: TextTowerConfig | undefined): Record<string, unknown> {
  const exact = "GELU(approximate='none')";
  const norm = `LayerNorm((${image.width},), eps=${pythonNumber(image.eps)}, elementwise_affine=True)`;
  return {
    cls: image.classToken ? 1 : 0,
    act: exact,
    poolAct: exact,
    normEps: image.eps,
    poolNormEps: image.eps,
    poolHeads: image.poolHeads,
    textAct: text?.activation === 'geluTanh' ? "GELU(approximate='tanh')" : exact,
    textNormEps: text?.eps ?? 1e-5,
    head: image.projection ? linear('', image.width, image.embedDim, true) : 'Identity()',
    fcNorm: 'Identity',
    normPre: image.preNorm ? norm : 'Identity()',
    rope: image.rotaryGrid === undefined ? 'None' : 'RotaryEmbeddingCat()',
    textMask: text?.bidirectional ? 'none' : 'causal',
    preNormEps: image.preNorm ? image.eps : null,
  };
}

function coAtNetFacts({ stem, widths, headWidth }: Sizes<'coatnet'>, imageSize: number): Record<string, unknown> {
  const [c1, , w3, w4] = widths;
  const [middle, last] = [imageSize / 16, imageSize / 32];
  const point = 'kernel_size=(1, 1), stride=(1, 1)';
  const [wide, squeezed] = [4 * c1, c1 / 4];
  return {
    bnEps: 1e-5,
    poolNorm: `LayerNorm2d((${w4},), eps=1e-06, elementwise_affine=True)`,
    preLogits: `Sequential(\n  ${linear('fc', w4, headWidth, true)}\n  (act): Tanh()\n)`,
    relIndexNames: [],
    relTables: Object.fromEntries([table(2, middle, w3), table(3, last, w4)]),
    se: `SEModule(\n  (fc1): ${conv(wide, squeezed, point)}\n  (bn): Identity()\n  (act): SiLU(inplace=True)\n  (fc2): ${conv(squeezed, wide, point)}\n  (gate): Sigmoid()\n)`,
    shortcut: `Downsample2d(\n  (pool): AvgPool2d(kernel_size=2, stride=2, padding=0)\n  (expand): ${stem === c1 ? 'Identity()' : conv(stem, c1, point)}\n)`,
    headDim: 32,
    act: 'GELU()',
    mlpAct: 'GELU()',
    stem: `Stem(   (conv1): ${conv(3, stem, window(2))}   (norm1): BatchNormAct2d(     ${stem}, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True     (drop): Identity()     (act): GELU()   )   (conv2): ${conv(stem, stem, window(1))} )`,
  };
}

/** The table of relative positions of a stage with `side`² cells. */
function table(stage: number, side: number, width: number): [string, number[]] {
  return [`visual.trunk.stages.${stage}.blocks.0.attn.rel_pos.relative_position_bias_table`, [(2 * side - 1) ** 2, width / 32]];
}

/** nn.Conv2d as PyTorch prints it. */
function conv(inputs: number, outputs: number, rest: string): string {
  return `Conv2d(${inputs}, ${outputs}, ${rest})`;
}

function window(stride: number): string {
  return `kernel_size=(3, 3), stride=(${stride}, ${stride}), padding=(1, 1), bias=False`;
}

/** nn.Linear as PyTorch prints it. */
function linear(name: string, inputs: number, outputs: number, bias: boolean): string {
  const layer = `Linear(in_features=${inputs}, out_features=${outputs}, bias=${bias ? 'True' : 'False'})`;
  return name === '' ? layer : `(${name}): ${layer}`;
}

/** A small number as Python prints it: two digits in the exponent. */
function pythonNumber(value: number): string {
  return value.toExponential().replace(/e-(\d)$/u, 'e-0$1');
}
