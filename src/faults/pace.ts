/** How fast bytes move, and how fast connections are taken and let go. */

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
  bandwidth: {
    layer: 'h1',
    points: ['accept'],
    parameters: {
      bytes_per_s: { type: 'integer', min: 1, max: 1_000_000_000, says: 'of each direction' },
      direction: {
        type: 'choice',
        of: ['up', 'down', 'both'],
        optional: true,
        says: 'bodies of requests, answers, or either; both when absent',
      },
    },
    answer: 'protocol',
    shaper: true,
    says: 'Paces what the server writes and reads, in pieces of a tenth of a second; a head goes in one piece.',
    source: 'toxiproxy bandwidth',
  },
  slicer: {
    layer: 'h1',
    points: ['accept'],
    parameters: {
      bytes: { type: 'integer', min: 1, max: 1_000_000_000, says: 'of a slice' },
      variation_bytes: {
        type: 'integer',
        min: 0,
        max: 1_000_000_000,
        optional: true,
        says: 'at most this many more or fewer, drawn for each slice',
      },
      gap_ms: {
        type: 'integer',
        min: 1,
        max: 3_600_000,
        optional: true,
        says: 'between one slice and what was written before it; 1 when absent',
      },
    },
    answer: 'protocol',
    shaper: true,
    says: 'Cuts what the server writes into slices that go out one by one; a head goes in one piece.',
    source: 'toxiproxy slicer',
  },
  chunked_dribble: {
    layer: 'h1',
    points: ['response-head'],
    parameters: {
      chunk_bytes: { type: 'integer', min: 1, max: 1_000_000_000, says: 'of the body in one chunk' },
      interval_ms: { type: 'integer', min: 1, max: 3_600_000, says: 'before each chunk' },
    },
    answer: 'protocol',
    says: 'Answers in chunks, so many bytes each interval.',
    source: 'RFC 9112 §7.1; WireMock chunkedDribbleDelay',
  },
  slow_close: {
    layer: 'h1',
    points: ['response-end'],
    parameters: {
      delay_ms: {
        type: 'integer',
        min: 1,
        max: 3_600_000,
        says: 'between the end of the answer and the FIN',
      },
    },
    answer: 'protocol',
    says: 'Says Connection: close in the answer, and sends the FIN behind it late.',
    source: 'RFC 9112 §9.6; toxiproxy slow_close',
  },
  upload_stall: {
    layer: 'h1',
    points: ['request'],
    parameters: {
      for_ms: {
        type: 'integer',
        min: 1,
        max: 3_600_000,
        optional: true,
        says: 'then goes on; until the faults are healed when absent',
      },
    },
    answer: 'none',
    says: "Reads the head and nothing after it from the connection, so that the client's writes of the body stall.",
    source: 'RFC 9293 §3.8.6',
  },
  slow_accept: {
    layer: 'h1',
    points: ['accept'],
    parameters: {
      for_ms: { type: 'integer', min: 1, max: 3_600_000, says: 'then our listener opens again' },
    },
    answer: 'none',
    says: 'Accepts nobody for a while: the system makes connections, and nobody answers; at the end it resets them.',
    source: 'RFC 9293 §3.9.1; listen(2), the backlog',
  },
  backlog_full: {
    layer: 'h1',
    points: ['accept'],
    parameters: {
      for_ms: { type: 'integer', min: 1, max: 3_600_000, says: 'then our listener opens again' },
    },
    answer: 'none',
    says: 'Fills the backlog for a while: a SYN gets no answer, and what the client sends again later is served.',
    source: 'listen(2), the backlog; tcp(7)',
  },
} as const
