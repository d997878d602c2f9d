/** The rooms of ARCHITECTURE.md: a package imports only packages on lower floors. */
export const floors: Readonly<Record<string, number>> = {
  'packages/core': -1,
  'packages/checkpoint': 0,
  'packages/graph': 0,
  'packages/image': 0,
  'packages/oip-client': 0,
  'packages/coco-eval-js': 0,
  'packages/engine-tfjs': 0,
  'packages/runtime': 1,
  'packages/runs': 1,
  'packages/backbone': 2,
  'packages/training': 2,
  'packages/fvit-detection': 3,
  'packages/fcclip-segmentation': 3,
  'packages/llava-bridge': 3,
  'packages/server': 4,
  'packages/cli': 5,
};
