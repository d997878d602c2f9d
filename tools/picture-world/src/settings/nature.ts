import { type SettingMaker, anyLight, ground, skyZone } from './setting.ts';

const beach: SettingMaker = (random) => {
  const horizon = random.range(0.34, 0.44);
  const shore = horizon + random.range(0.16, 0.22);
  return {
    phrase: 'at the beach',
    light: anyLight(random),
    layers: [
      { stuff: 'sky', area: [0, 0, 1, horizon] },
      ...(random.chance(0.3) ? [{ stuff: 'mountain', area: [0, horizon - 0.14, 1, horizon] } as const] : []),
      { stuff: 'sea', area: [0, horizon, 1, 1] },
      { stuff: 'sand', area: [0, shore, 1, 1] },
    ],
    zones: [
      skyZone(horizon, ['kite', 'bird', 'airplane', 'kite'], 1.2),
      {
        ...ground('sea', [0.1, horizon + 0.07, 0.9, shore - 0.035], [0.1, 0.15], 1, ['boat', 'boat', 'surfboard']),
        phrase: 'on the water',
      },
      ground(
        'sand',
        [0.08, shore + 0.1, 0.92, 0.97],
        [0.16, 0.27],
        3,
        [
          'person',
          'person',
          'umbrella',
          'surfboard',
          'dog',
          'frisbee',
          'chair',
          'bird',
          'horse',
          'backpack',
          'handbag',
          'bicycle',
          'bottle',
        ],
        ['person', 'bird'],
      ),
    ],
  };
};

const farm: SettingMaker = (random) => {
  const horizon = random.range(0.34, 0.46);
  return {
    phrase: 'on a farm',
    light: anyLight(random),
    layers: [
      { stuff: 'sky', area: [0, 0, 1, horizon + 0.02] },
      { stuff: random.pick(['trees', 'mountain']), area: [0, horizon - random.range(0.14, 0.22), 1, horizon + 0.02] },
      { stuff: 'grass', area: [0, horizon, 1, 1] },
      ...(random.chance(0.5) ? [{ stuff: 'fence', area: [0, horizon - 0.04, 1, horizon + 0.07] } as const] : []),
    ],
    zones: [
      skyZone(horizon, ['bird', 'airplane', 'kite'], 0.5),
      ground(
        'grass',
        [0.1, horizon + 0.12, 0.9, 0.97],
        [0.13, 0.24],
        4,
        ['cow', 'cow', 'sheep', 'sheep', 'horse', 'horse', 'dog', 'cat', 'person', 'truck', 'bird'],
        ['sheep', 'cow'],
      ),
    ],
  };
};

const park: SettingMaker = (random) => {
  const horizon = random.range(0.36, 0.46);
  const path = random.range(0.7, 0.8);
  return {
    phrase: 'in a park',
    light: anyLight(random),
    layers: [
      { stuff: 'sky', area: [0, 0, 1, horizon + 0.02] },
      { stuff: 'trees', area: [0, horizon - random.range(0.16, 0.26), 1, horizon + 0.02] },
      { stuff: 'grass', area: [0, horizon, 1, 1] },
      { stuff: random.pick(['pavement', 'dirt']), area: [0, path, 1, path + 0.2] },
      { stuff: 'grass', area: [0, path + 0.17, 1, 1] },
    ],
    zones: [
      skyZone(horizon, ['kite', 'bird', 'kite'], 0.8),
      ground(
        'grass',
        [0.08, horizon + 0.1, 0.92, path - 0.03],
        [0.17, 0.24],
        3,
        ['person', 'person', 'dog', 'dog', 'bench', 'frisbee', 'umbrella', 'bird', 'backpack', 'horse', 'bicycle', 'cat'],
        ['person', 'bird'],
      ),
    ],
  };
};

const savanna: SettingMaker = (random) => {
  const horizon = random.range(0.36, 0.46);
  return {
    phrase: 'in the savanna',
    light: random.pick(['day', 'day', 'sunset']),
    layers: [
      { stuff: 'sky', area: [0, 0, 1, horizon + 0.02] },
      ...(random.chance(0.7) ? [{ stuff: 'mountain', area: [0, horizon - 0.14, 1, horizon + 0.02] } as const] : []),
      { stuff: 'dry grass', area: [0, horizon, 1, 1] },
      ...(random.chance(0.4)
        ? ([
            { stuff: 'water', area: [0, random.range(0.5, 0.54), 1, 0.59] },
            { stuff: 'dry grass', area: [0, 0.58, 1, 1] },
          ] as const)
        : []),
    ],
    zones: [
      skyZone(horizon, ['bird'], 0.3),
      {
        ...ground(
          'dry grass',
          [0.1, 0.66, 0.9, 0.97],
          [0.15, 0.24],
          4,
          ['zebra', 'zebra', 'giraffe', 'giraffe', 'elephant', 'elephant', 'bird', 'truck'],
          ['zebra', 'elephant'],
        ),
        phrase: 'on the grass',
      },
    ],
  };
};

const forest: SettingMaker = (random) => {
  const horizon = random.range(0.42, 0.52);
  const light = anyLight(random);
  const floor = random.pick(['grass', 'dirt']);
  return {
    phrase: 'in a forest',
    light,
    layers: [
      { stuff: 'sky', area: [0, 0, 1, horizon] },
      { stuff: 'trees', area: [0, 0, 1, horizon + 0.02] },
      { stuff: floor, area: [0, horizon, 1, 1] },
    ],
    zones: [
      ground(floor, [0.1, horizon + 0.12, 0.9, 0.97], [0.17, 0.27], 1, [
        'bear',
        'bear',
        'bird',
        'person',
        'dog',
        'backpack',
        'bicycle',
        'motorcycle',
        'bench',
        'horse',
      ]),
    ],
  };
};

const slope: SettingMaker = (random) => {
  const horizon = random.range(0.36, 0.48);
  return {
    phrase: 'on a snowy slope',
    light: anyLight(random),
    layers: [
      { stuff: 'sky', area: [0, 0, 1, horizon + 0.03] },
      { stuff: random.pick(['mountain', 'mountain', 'trees']), area: [0, horizon - random.range(0.16, 0.26), 1, horizon + 0.03] },
      { stuff: 'snow', area: [0, horizon, 1, 1] },
    ],
    zones: [
      skyZone(horizon, ['bird', 'airplane'], 0.3),
      ground(
        'snow',
        [0.08, horizon + 0.16, 0.92, 0.97],
        [0.2, 0.29],
        4,
        ['skis', 'skis', 'snowboard', 'snowboard', 'person', 'person', 'backpack', 'dog', 'bear'],
        ['person'],
      ),
    ],
  };
};

const lake: SettingMaker = (random) => {
  const horizon = random.range(0.34, 0.44);
  const shore = random.range(0.7, 0.78);
  return {
    phrase: 'by a lake',
    light: anyLight(random),
    layers: [
      { stuff: 'sky', area: [0, 0, 1, horizon] },
      { stuff: random.pick(['trees', 'mountain']), area: [0, horizon - random.range(0.14, 0.22), 1, horizon] },
      { stuff: 'water', area: [0, horizon, 1, 1] },
      { stuff: 'grass', area: [0, shore, 1, 1] },
    ],
    zones: [
      skyZone(horizon, ['bird', 'kite', 'airplane'], 0.6),
      ground('water', [0.12, horizon + 0.12, 0.88, shore - 0.04], [0.14, 0.2], 2, ['boat', 'boat', 'surfboard']),
      ground('grass', [0.08, shore + 0.08, 0.92, 0.97], [0.2, 0.25], 2, [
        'person',
        'person',
        'dog',
        'bird',
        'bench',
        'backpack',
        'bicycle',
        'umbrella',
        'bear',
      ]),
    ],
  };
};

/** Settings in the open country. */
export const natureSettings: readonly SettingMaker[] = [beach, farm, park, savanna, forest, slope, lake];
