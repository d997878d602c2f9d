import { parseArgs } from 'node:util';
import { CocoEvalError, describe } from '../errors.ts';
import { nearest } from './suggest.ts';

interface Flag {
  readonly type: 'boolean' | 'string';
  readonly short?: string;
  /** What stands for the value in the help. */
  readonly value?: string;
  readonly help: string;
}

type Switch = 'lvis' | 'panoptic' | 'no-cats' | 'tide' | 'confusion' | 'per-class' | 'json' | 'force' | 'quiet' | 'help' | 'version';
type Text =
  | 'iou-type'
  | 'iou-thrs'
  | 'sigmas'
  | 'gt-folder'
  | 'dt-folder'
  | 'split'
  | 'img-ids'
  | 'cat-ids'
  | 'max-dets'
  | 'area'
  | 'mode'
  | 'report'
  | 'threads';
type FlagName = Switch | Text;

/** Every flag, in the order of the help. */
export const flags: Readonly<Record<FlagName, Flag>> = {
  'iou-type': { type: 'string', value: 'bbox|segm|keypoints', help: 'what is compared (default bbox)' },
  lvis: { type: 'boolean', help: 'LVIS rules: federated annotations, 300 detections per image, APr APc APf' },
  panoptic: { type: 'boolean', help: 'panoptic quality; the PNG folders stand beside the JSON files' },
  'gt-folder': { type: 'string', value: 'DIR', help: 'with --panoptic: PNG folder of GT.json (default: GT without .json)' },
  'dt-folder': { type: 'string', value: 'DIR', help: 'with --panoptic: PNG folder of DT.json (default: DT without .json)' },
  split: { type: 'string', value: 'ov-coco|ov-lvis|FILE', help: 'AP50 of groups of categories, as for open vocabularies' },
  'img-ids': { type: 'string', value: 'LIST|@FILE', help: 'only these images: 1,2,3 or a file of ids' },
  'cat-ids': { type: 'string', value: 'LIST|@FILE', help: 'only these categories' },
  'no-cats': { type: 'boolean', help: 'compare all categories as one (useCats = 0)' },
  'iou-thrs': { type: 'string', value: 'LIST', help: 'IoU thresholds (default 0.5 to 0.95 in steps of 0.05)' },
  sigmas: { type: 'string', value: 'LIST|@FILE', help: "keypoints: standard deviations, one a point (default: COCO's 17)" },
  'max-dets': { type: 'string', value: 'LIST', help: 'detections per image (default 1,10,100; keypoints 20)' },
  area: { type: 'string', value: 'NAME=LOW:HIGH,...', help: 'size classes in pixels instead of small, medium, large' },
  mode: { type: 'string', value: 'reference|fixed', help: 'where the reference has a bug: its number (default), or the right one' },
  tide: { type: 'boolean', help: 'what each kind of mistake costs (TIDE)' },
  confusion: { type: 'boolean', help: 'confusion matrix at IoU 0.5' },
  'per-class': { type: 'boolean', help: 'one line per category' },
  json: { type: 'boolean', help: 'one JSON document instead of text' },
  report: { type: 'string', value: 'DIR', help: 'also write a page with curves, bars, confusion and worst images' },
  threads: { type: 'string', value: 'N', help: 'worker threads that match (default 1; pays for large mask files)' },
  force: { type: 'boolean', help: 'let --report overwrite a page of the same name' },
  quiet: { type: 'boolean', short: 'q', help: 'no progress and no warnings' },
  help: { type: 'boolean', short: 'h', help: 'this text' },
  version: { type: 'boolean', help: 'the version of this program' },
};

/** The command line, checked. */
export interface CommandLine {
  readonly action: 'evaluate' | 'help' | 'version';
  readonly groundTruth: string;
  readonly results: string;
  readonly values: { readonly [F in Switch]?: boolean } & { readonly [F in Text]?: string };
}

function usage(message: string, hint = 'Run coco-eval --help for the list of flags.'): CocoEvalError {
  return new CocoEvalError('USAGE', message, { hint });
}

interface FlagToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function checkFlag({ name, rawName, value, inlineValue }: FlagToken): string | true {
  if (!Object.hasOwn(flags, name)) {
    const near = nearest(name, Object.keys(flags));
    throw usage(`Expected a known flag but received ${rawName}${near === undefined ? '' : `; did you mean --${near}?`}`);
  }
  const { type } = flags[name as FlagName];
  if (type === 'boolean' && value !== undefined) throw usage(`Expected no value for ${rawName} but received ${describe(value)}`);
  // A flag in the place of a value: the value was forgotten.
  const forgotten = value === undefined || value === '' || (!inlineValue && value.startsWith('--'));
  if (type === 'string' && forgotten) throw usage(`Expected a value for ${rawName} but received none`);
  return value ?? true;
}

/**
 * Reads the arguments.
 *
 * @throws CocoEvalError `USAGE` for an unknown flag (with the nearest one), a missing value, or a wrong number of files
 */
export function readCommandLine(args: readonly string[]): CommandLine {
  const values: Record<string, string | boolean> = {};
  const files: string[] = [];
  // Not strict: its errors lack the nearest flag.
  const { tokens } = parseArgs({ args: [...args], options: flags, allowPositionals: true, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind === 'positional') files.push(token.value);
    else if (token.kind === 'option') values[token.name] = checkFlag(token);
  }
  const action = values['help'] === true || args.length === 0 ? 'help' : values['version'] === true ? 'version' : 'evaluate';
  if (action === 'evaluate' && files.length !== 2) {
    throw usage(
      `Expected two files, GT.json and DT.json, but received ${files.length}`,
      'Example: coco-eval instances_val2017.json results.json',
    );
  }
  return { action, groundTruth: files[0] ?? '', results: files[1] ?? '', values };
}

/** One of a few words, or undefined when the flag is absent. */
export function choice<T extends string>(flag: string, value: string | undefined, words: readonly T[]): T | undefined {
  if (value === undefined || (words as readonly string[]).includes(value)) return value as T | undefined;
  const near = nearest(value, words);
  throw usage(
    `Expected --${flag} ${words.join(', ')} but received ${describe(value)}${near === undefined ? '' : `; did you mean ${near}?`}`,
  );
}

/** Comma or white space separated words. */
export function wordsOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((part) => part !== '');
}

/** Comma or white space separated numbers. */
export function numbers(flag: string, text: string): number[] {
  const parts = wordsOf(text);
  const list = parts.map(Number);
  const wrong = list.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) throw usage(`Expected numbers for --${flag} but received ${describe(parts[wrong])}`);
  if (list.length === 0) throw usage(`Expected numbers for --${flag} but received none`);
  return list;
}

const squaredSide = 1e5 ** 2;

/** `name=low:high,...`; an end left out is 0 or 1e10. The range of all sizes comes first unless it is given: the headline needs it. */
export function areas(text: string): { areaRng: [number, number][]; areaRngLbl: string[] } {
  const areaRng: [number, number][] = [];
  const areaRngLbl: string[] = [];
  for (const part of text.split(',')) {
    const match = /^\s*([^=:]+)=([\d.e+]*):([\d.e+]*)\s*$/.exec(part);
    const low = Number(match?.[2] === '' ? 0 : match?.[2]);
    const high = Number(match?.[3] === '' ? squaredSide : match?.[3]);
    if (!match || !(low <= high))
      throw usage(`Expected --area NAME=LOW:HIGH but received ${describe(part)}`, 'Example: --area tiny=0:256,small=256:1024');
    const label = match[1]!.trim();
    if (areaRngLbl.includes(label)) throw usage(`Expected each --area name once but received ${describe(label)} twice`);
    areaRngLbl.push(label);
    areaRng.push([low, high]);
  }
  if (!areaRngLbl.includes('all')) {
    areaRng.unshift([0, squaredSide]);
    areaRngLbl.unshift('all');
  }
  return { areaRng, areaRngLbl };
}
