import type { Context, MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { JobQueue } from '../jobs/job-queue.ts';

/** Counts of a server in the format of Prometheus. */
export interface Metrics {
  readonly count: MiddlewareHandler;
  readonly page: (c: Context) => Promise<Response>;
}

/** Makes the counters of one server: requests by route and status, seconds by route, and what waits and runs. */
export function createMetrics(queue: JobQueue): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({ name: 'vitamin_requests_total', help: 'Requests answered', labelNames: ['route', 'status'], registers });
  const seconds = new Histogram({
    name: 'vitamin_request_seconds',
    help: 'From a request to its answer',
    labelNames: ['route'],
    buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100],
    registers,
  });
  const gauge = (name: string, help: string, read: () => number): Gauge =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  gauge('vitamin_queue_waiting', 'Requests that wait', () => queue.waiting);
  gauge('vitamin_jobs_running', 'Jobs under way', () => queue.running);
  gauge('process_resident_memory_bytes', 'Memory of the process', () => process.memoryUsage.rss());
  return {
    count: async (c, next) => {
      const start = performance.now();
      await next();
      // The route, not the path: paths are without bound.
      const route = routePath(c, -1);
      requests.inc({ route, status: c.res.status });
      seconds.observe({ route }, (performance.now() - start) / 1000);
    },
    page: async (c) => c.text(await registry.metrics(), 200, { 'content-type': registry.contentType }),
  };
}
