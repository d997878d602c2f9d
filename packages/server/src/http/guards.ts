import { VitaminError } from '@vitamin-vlm/core';
import type { MiddlewareHandler } from 'hono';

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/u;

/** Whether a name means this machine alone. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host) || host === '::1';
}

/**
 * Keeps pages of other origins from using a server on the visitor's own machine: a browser says where a request comes from, and a name that was made to lead here is not one of
 * this machine's.
 *
 * @param onLoopback - Whether the server listens on this machine alone.
 */
export function ownOriginOnly(onLoopback: boolean): MiddlewareHandler {
  return async (c, next) => {
    const host = (c.req.header('host') ?? '').replace(/:\d+$/u, '');
    if (onLoopback && !LOOPBACK.test(host)) {
      throw new VitaminError('AUTH', `Expected a request to localhost but received one to ${host.slice(0, 100)}`, {
        hint: 'Start the server with --host to serve other names.',
      });
    }
    const site = c.req.header('sec-fetch-site');
    if (c.req.method !== 'GET' && (site === 'cross-site' || site === 'same-site')) {
      throw new VitaminError('AUTH', 'Expected a request of the own page but received one of another origin');
    }
    await next();
  };
}
