import type { Evaluation } from '../coco/evaluation.ts';
import type { EvalParams } from '../coco/params.ts';
import type { CommandLine } from './options.ts';

/** A few numbers in full, many by their ends. */
function listed(values: readonly number[]): string {
  const shown = values.map((value) => String(Number(value.toPrecision(6))));
  return shown.length <= 10 ? shown.join(', ') : `${shown[0]} to ${shown.at(-1)}, ${shown.length} of them`;
}

/** Nothing for no limit. */
function end(value: number): string {
  return value >= 1e10 ? '' : String(value);
}

function areas({ areaRng, areaRngLbl }: EvalParams): string {
  return areaRngLbl.map((label, a) => `${label} ${end(areaRng[a]![0])}–${end(areaRng[a]![1])}`.trim()).join(', ');
}

/** Everything that decides the numbers, for a page that is looked at later. */
export function parameterFacts(
  { params, scheme }: Pick<Evaluation, 'params' | 'scheme'>,
  { values, groundTruth, action, files }: CommandLine,
  remark: string | undefined,
): (readonly [name: string, value: string])[] {
  const results = action === 'merge' ? files : files.slice(1);
  return [
    ...(groundTruth === '' ? [] : [['annotations', groundTruth] as const]),
    ['results', results.join(', ')],
    ['rules', { coco: 'COCO', lvis: 'LVIS', crowdpose: 'CrowdPose' }[scheme.name]],
    ['compared', params.iouType],
    ['mode', params.mode],
    ['categories', params.useCats ? 'each by itself' : 'all as one'],
    ['IoU thresholds', listed(params.iouThrs)],
    ['recall points', listed(params.recThrs)],
    [
      'detections',
      scheme
        .limits(params)
        .map((limit) => (Number.isFinite(limit) ? limit : `${params.maxDets.at(-1)} an image`))
        .join(', '),
    ],
    ['sizes in pixels', areas(params)],
    ...(params.iouType === 'keypoints'
      ? [['sigmas', params.kptOksSigmas.map((sigma) => Number(sigma.toPrecision(6))).join(', ')] as const]
      : []),
    ...(values['img-ids'] === undefined ? [] : [['images', values['img-ids'].slice(0, 200)] as const]),
    ...(values['cat-ids'] === undefined ? [] : [['chosen categories', values['cat-ids'].slice(0, 200)] as const]),
    ...(remark === undefined ? [] : [['split', remark] as const]),
  ];
}
