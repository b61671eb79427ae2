/** Faults of the answer: another status, later, or among others. */

export const answers = {
  none: {
    layer: 'h1',
    points: ['request', 'request-body', 'response-head', 'response-body', 'response-end'],
    parameters: {},
    answer: 'protocol',
    says: 'Normal service: a step in a queue of outcomes.',
    source: 'design §5',
  },
  http_error: {
    layer: 'h1',
    points: ['response-head'],
    parameters: {
      status: { type: 'integer', min: 200, max: 599, says: 'status code of the answer' },
      headers: { type: 'headers', optional: true, says: 'added to the answer' },
      body: { type: 'text', optional: true, says: "the body; the protocol's own error body when absent" },
      body_bytes: {
        type: 'integer',
        min: 0,
        max: 100_000_000,
        optional: true,
        says: 'the body is filled with spaces to this length',
      },
      retry_after_s: {
        type: 'integer',
        min: 0,
        max: 86_400,
        optional: true,
        says: 'Retry-After, in seconds',
      },
      retry_after_form: {
        type: 'choice',
        of: ['seconds', 'date'],
        optional: true,
        says: 'as delta-seconds or as an HTTP-date; seconds when absent',
      },
      date_skew_s: {
        type: 'integer',
        min: -86_400,
        max: 86_400,
        optional: true,
        says: 'by how much the Date header is wrong',
      },
      location: {
        type: 'choice',
        of: ['same', 'other'],
        optional: true,
        says: 'a Location header: our own origin, with `moved` counted up in the query, or the same path elsewhere',
      },
    },
    answer: 'own',
    says: 'Answers with this status in place of what the protocol would have said.',
    source: 'RFC 9110 §15',
  },
  header_delay: {
    layer: 'h1',
    points: ['response-head'],
    parameters: {
      delay_ms: { type: 'integer', min: 0, max: 3_600_000, says: 'before the head of the answer' },
    },
    answer: 'protocol',
    says: 'Holds the head of the answer back.',
    source: 'RFC 9110 §15.5.9',
  },
  rate_limit: {
    layer: 'h1',
    points: ['response-head'],
    parameters: {
      limit: { type: 'integer', min: 0, max: 1_000_000, says: 'requests served in each window' },
      per_s: { type: 'integer', min: 1, max: 3_600, says: 'length of a window' },
      retry_after: {
        type: 'choice',
        of: ['none', 'seconds', 'date'],
        optional: true,
        says: 'how the 429 names the end of the window; seconds when absent',
      },
    },
    answer: 'own',
    says: 'Serves the first requests of each window and answers the others with 429.',
    source: 'RFC 6585 §4; Tinybird "Ingestion protection": 1 request per second',
  },
  early_response: {
    layer: 'h1',
    points: ['request'],
    parameters: {
      status: { type: 'integer', min: 400, max: 599, says: 'status code of the answer' },
      close: {
        type: 'flag',
        optional: true,
        says: 'ends our half of the connection after it, and drains what still comes',
      },
    },
    answer: 'own',
    says: 'Answers before the body has been read.',
    source: 'RFC 9112 §9.3, §9.6',
  },
  early_hints: {
    layer: 'h1',
    points: ['response-head'],
    parameters: {
      status: { type: 'integer', min: 102, max: 199, optional: true, says: '103 when absent' },
      headers: { type: 'headers', optional: true, says: 'of the interim answer' },
    },
    answer: 'protocol',
    says: 'Sends an interim answer before the final one.',
    source: 'RFC 9110 §15.2; RFC 8297',
  },
} as const
