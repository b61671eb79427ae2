/** Faults of what becomes of the records of a request. */

export const batches = {
  partial_batch: {
    layer: 'application',
    points: ['response-head'],
    parameters: {
      from: {
        type: 'integer',
        min: 0,
        max: 1_000_000,
        says: 'struck are records whose sequence modulo `of` is this or more',
      },
      of: { type: 'integer', min: 1, max: 1_000_000, says: 'the modulus' },
      as: {
        type: 'choice',
        of: ['quarantine', 'retry', 'unknown'],
        says: 'taken and quarantined; not taken, to be sent again; or quarantined with a result that no client knows',
      },
      times: {
        type: 'integer',
        min: 1,
        max: 1_000,
        optional: true,
        says: 'how often each record is struck at most',
      },
      names: { type: 'flag', optional: true, says: 'the answer names the records that were struck' },
    },
    answer: 'protocol',
    says: "Takes a part of the batch, and says so in the protocol's way.",
    source: 'Tinybird "Quarantine"; OTLP "Partial Success"',
  },
  discard_after_take: {
    layer: 'application',
    points: ['response-head'],
    parameters: {},
    answer: 'protocol',
    says: 'Takes the records, answers that they were accepted (202), and loses them.',
    source: 'Tinybird guide "Wait for acknowledgement"',
  },
} as const
