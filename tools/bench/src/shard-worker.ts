// A shard as workers of a queue start it: encodes a picture so many times, on one thread, or does nothing at all.
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const pictures = Number(process.argv[2]);
if (pictures > 0) {
  const { Backbone } = await import('@vitamin-vlm/backbone');
  await using backbone = await Backbone.load('nano', { threads: 1 });
  const picture = fileURLToPath(new URL('../../first-run/pictures/farm.png', import.meta.url));
  for (let done = 1; done <= pictures; done++) {
    await backbone.encodeImage(picture);
    process.send?.({ progress: { done, total: pictures, broken: 0 } });
  }
}
process.disconnect?.();
