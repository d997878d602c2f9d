/** Of commands that speak to a queue. */
export const queueFlags = {
  queue: { kind: 'text', value: 'url', help: 'a Redis: redis://host:6379, rediss://user:password@host:6379/0' },
} as const;
