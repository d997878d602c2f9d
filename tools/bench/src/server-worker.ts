// Serves the embedded model in a process of its own, so that its memory is its own. Sends its address, then its resident bytes whenever asked.
import process from 'node:process';
import { startServer } from '@vitamin-vlm/server';

const [threads, queue, cacheMB] = process.argv.slice(2).map(Number);
const server = await startServer({ port: 0, threads, queue, cacheBytes: cacheMB! * 2 ** 20, deadline: 600_000 });
process.on('message', () => process.send!(process.memoryUsage.rss()));
process.once('disconnect', () => void server.close());
process.send!(server.url);
