/** A data set of DataComp's evaluation. */
export interface DataCompTask {
  readonly name: string;
  /** The number that stands for it. */
  readonly metric: string;
  /** Sets of which averages are printed. */
  readonly groups?: readonly ('dist_shift' | 'vtab' | 'retrieval')[];
  /** Column of the metadata that tells groups of which the worst counts, and the group that does not count. */
  readonly column?: number;
  readonly ignored?: number;
}

const ACC1 = 'acc1';
const MEAN = 'mean_per_class_recall';

/** The 40 data sets by their names, of which FairFace and UTKFace have no number. Source: tasklist.yml and eval_utils of mlfoundations/datacomp. */
export const dataCompTasks: Readonly<Record<string, DataCompTask>> = {
  'vtab/caltech101': { name: 'Caltech-101', metric: MEAN, groups: ['vtab'] },
  cifar10: { name: 'CIFAR-10', metric: ACC1 },
  'vtab/cifar100': { name: 'CIFAR-100', metric: ACC1, groups: ['vtab'] },
  'vtab/clevr_count_all': { name: 'CLEVR Counts', metric: ACC1, groups: ['vtab'] },
  'vtab/clevr_closest_object_distance': { name: 'CLEVR Distance', metric: ACC1, groups: ['vtab'] },
  country211: { name: 'Country211', metric: ACC1 },
  'vtab/dtd': { name: 'Describable Textures', metric: ACC1, groups: ['vtab'] },
  'vtab/eurosat': { name: 'EuroSAT', metric: ACC1, groups: ['vtab'] },
  fgvc_aircraft: { name: 'FGVC Aircraft', metric: MEAN },
  food101: { name: 'Food-101', metric: ACC1 },
  gtsrb: { name: 'GTSRB', metric: ACC1 },
  imagenet1k: { name: 'ImageNet 1k', metric: ACC1 },
  imagenet_sketch: { name: 'ImageNet Sketch', metric: ACC1, groups: ['dist_shift'] },
  imagenetv2: { name: 'ImageNet v2', metric: ACC1, groups: ['dist_shift'] },
  'imagenet-a': { name: 'ImageNet-A', metric: ACC1, groups: ['dist_shift'] },
  'imagenet-o': { name: 'ImageNet-O', metric: ACC1, groups: ['dist_shift'] },
  'imagenet-r': { name: 'ImageNet-R', metric: ACC1, groups: ['dist_shift'] },
  'vtab/kitti_closest_vehicle_distance': { name: 'KITTI Vehicle Distance', metric: ACC1, groups: ['vtab'] },
  mnist: { name: 'MNIST', metric: ACC1 },
  objectnet: { name: 'ObjectNet', metric: ACC1, groups: ['dist_shift'] },
  'vtab/flowers': { name: 'Oxford Flowers-102', metric: MEAN, groups: ['vtab'] },
  'vtab/pets': { name: 'Oxford-IIIT Pet', metric: MEAN, groups: ['vtab'] },
  voc2007: { name: 'Pascal VOC 2007', metric: ACC1 },
  'vtab/pcam': { name: 'PatchCamelyon', metric: ACC1, groups: ['vtab'] },
  renderedsst2: { name: 'Rendered SST2', metric: ACC1 },
  'vtab/resisc45': { name: 'RESISC45', metric: ACC1, groups: ['vtab'] },
  cars: { name: 'Stanford Cars', metric: ACC1 },
  stl10: { name: 'STL-10', metric: ACC1 },
  sun397: { name: 'SUN397', metric: ACC1, groups: ['vtab'] },
  'vtab/svhn': { name: 'SVHN', metric: ACC1, groups: ['vtab'] },
  'retrieval/flickr30k': { name: 'Flickr', metric: 'mean_recall@1', groups: ['retrieval'] },
  'retrieval/mscoco_2014_5k_test_image_text_retrieval': { name: 'MSCOCO', metric: 'mean_recall@1', groups: ['retrieval'] },
  'misc/winogavil': { name: 'WinoGAViL', metric: 'jaccard_score_10-12', groups: ['retrieval'] },
  'wilds/iwildcam': { name: 'iWildCam', metric: 'F1-macro_all' },
  'wilds/camelyon17': { name: 'Camelyon17', metric: ACC1, column: 1 },
  'wilds/fmow': { name: 'FMoW', metric: 'acc_worst_region', column: 0, ignored: 5 },
  'fairness/dollar_street': { name: 'Dollar Street', metric: 'acc_top5_wg', column: 0 },
  'fairness/geode': { name: 'GeoDE', metric: 'acc_wg', column: 0 },
};

/** Of these names a folder has the last part alone, `geode` for `fairness/geode`. */
const byFolder = new Map(
  Object.keys(dataCompTasks).flatMap((key) =>
    [key, key.replaceAll('/', '-'), key.replace(/^.*\//u, '')].map((name) => [name, key] as const),
  ),
);

/** The key of a data set by its name or that of its folder: `wds_vtab-cifar100_test`, `cifar100`. Undefined for one that is not DataComp's. */
export function dataCompKey(name: string): string | undefined {
  return byFolder.get(name.replace(/^wds_/u, '').replace(/_test$/u, ''));
}
