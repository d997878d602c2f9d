/** Places from 0, some of them as ranges: `3-5,9`. */
function places(list: string): ReadonlySet<number> {
  const all = list.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number) as [number, number?];
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
  return new Set(all);
}

/** Classes that are things, by their place. Source: the data sets' definitions in detectron2 and Mask2Former. */
export const thingIndices: Readonly<Partial<Record<string, ReadonlySet<number>>>> = {
  'coco-panoptic': places('0-79'),
  'coco-stuff': places('0-79'),
  cityscapes: places('11-18'),
  'ade20k-150': places(
    '7,8,10,12,14,15,18-20,22-24,27,30-33,35-39,41-45,47,49,50,53,55-58,62,64-67,69-76,78,80-83,85-90,92,93,95,97,98,102-104,107,108,110-112,115,116,118-121,' +
      '123-127,129,130,132-139,142-144,146-149',
  ),
  mapillary: places('0,1,8,19-23,32-42,44-57,59-62'),
};
