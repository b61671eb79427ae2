/** What happens to the client itself. */

export const client = {
  client_stop: {
    layer: 'client',
    points: ['client'],
    parameters: {
      how: { type: 'choice', of: ['sigterm', 'sigkill'], says: 'what ends the client' },
      after_requests: {
        type: 'integer',
        min: 1,
        max: 1_000_000,
        optional: true,
        says: 'once this many have been seen',
      },
      after_ms: {
        type: 'integer',
        min: 0,
        max: 3_600_000,
        optional: true,
        says: 'or this long after its start',
      },
    },
    answer: 'none',
    says: 'Ends the client in the middle of its work.',
    source: 'design §4',
  },
} as const
