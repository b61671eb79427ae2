/** How fast bytes move. */

export const pace = {
  latency: {
    layer: 'h1',
    points: ['accept'],
    parameters: {
      delay_ms: { type: 'integer', min: 0, max: 3_600_000, says: 'added before each write of the server' },
      jitter_ms: {
        type: 'integer',
        min: 0,
        max: 3_600_000,
        optional: true,
        says: 'at most this much more or less, drawn for each connection and write',
      },
    },
    answer: 'protocol',
    shaper: true,
    says: 'Delays what the server writes, keeping its order.',
    source: 'toxiproxy latency',
  },
} as const
