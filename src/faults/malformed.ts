/**
 * Faults of HTTP/1.1 itself: answers whose head or framing breaks the rules, and what is wrong about 1xx and Expect.
 *
 * Past an answer that breaks them nobody can say where the next one would begin. So those that are written past the
 * codec end our half of the connection; where the client is not to take them for a last answer, without a word.
 */

export const malformed = {
  missing_terminator: {
    layer: 'h1',
    points: ['response-head'],
    parameters: {
      end: { type: 'choice', of: ['fin', 'rst'], says: 'how the connection ends' },
      linger_ms: {
        type: 'integer',
        min: 0,
        max: 10_000,
        optional: true,
        says: 'between the last bytes and the RST; 20 when absent',
      },
    },
    answer: 'protocol',
    says: 'Writes the whole body in chunks, and ends the connection where the last chunk, of size 0, was due.',
    source: 'RFC 9112 §7.1, §8',
  },
  malformed_chunk: {
    layer: 'h1',
    points: ['response-head'],
    parameters: {
      how: {
        type: 'choice',
        of: ['size', 'mismatch', 'extension'],
        says: 'no number for a size, or a chunk longer than its size, and then FIN; or a nameless extension',
      },
    },
    answer: 'protocol',
    doubtful: true,
    says: 'Writes the body in chunks, the first of which is malformed.',
    source: 'RFC 9112 §7.1, §8',
  },
  random_data_then_close: {
    layer: 'h1',
    points: ['response-head'],
    parameters: {
      bytes: { type: 'integer', min: 1, max: 65_536, says: 'how many' },
    },
    answer: 'none',
    says: 'Writes random bytes where the answer was due, and closes the connection with FIN.',
    source: 'RFC 9112 §4; WireMock RANDOM_DATA_THEN_CLOSE',
  },
  malformed_header: {
    layer: 'h1',
    points: ['response-head'],
    parameters: {
      how: {
        type: 'choice',
        of: ['space_before_colon', 'no_colon', 'nul', 'obs_fold', 'bad_status_line'],
        says: 'what is wrong about a field that is added; or a status line without a status',
      },
    },
    answer: 'protocol',
    doubtful: true,
    says: 'Breaks one line in the head of the answer, which says Connection: close.',
    source: 'RFC 9112 §4, §5.1, §5.2; RFC 9110 §5.5',
  },
  bare_lf: {
    layer: 'h1',
    points: ['response-head'],
    parameters: {},
    answer: 'protocol',
    doubtful: true,
    says: 'Ends the lines of the head with LF alone; the answer says Connection: close.',
    source: 'RFC 9112 §2.2',
  },
  oversized_headers: {
    layer: 'h1',
    points: ['response-head'],
    parameters: {
      bytes: { type: 'integer', min: 1, max: 10_485_760, says: 'length of the field value that is added' },
    },
    answer: 'protocol',
    doubtful: true,
    says: 'Adds a field to the answer that is larger than clients are ready for.',
    source: 'RFC 9110 §5.4',
  },
  content_length_too_small: {
    layer: 'h1',
    points: ['response-head'],
    parameters: {
      extra_bytes: { type: 'integer', min: 1, max: 1_000_000, says: 'written behind the end of the body' },
    },
    answer: 'protocol',
    doubtful: true,
    says: 'Writes more than Content-Length says, then ends our half of the connection.',
    source: 'RFC 9112 §6.3, §9.2',
  },
  conflicting_content_length: {
    layer: 'h1',
    points: ['response-head'],
    parameters: {},
    answer: 'protocol',
    doubtful: true,
    says: 'Gives a second Content-Length, one byte more than the first; the answer says Connection: close.',
    source: 'RFC 9112 §6.3',
  },
  cl_and_te: {
    layer: 'h1',
    points: ['response-head'],
    parameters: {},
    answer: 'protocol',
    doubtful: true,
    says: 'Writes the body in chunks, beside a Content-Length; the answer says Connection: close.',
    source: 'RFC 9112 §6.1, §6.3',
  },
  no_content_with_body: {
    layer: 'h1',
    points: ['response-head'],
    parameters: {},
    answer: 'protocol',
    doubtful: true,
    says: "Answers 204 and writes the protocol's body behind it, then ends our half of the connection.",
    source: 'RFC 9110 §15.3.5; RFC 9112 §6.3',
  },
  double_response: {
    layer: 'h1',
    points: ['response-head'],
    parameters: {},
    answer: 'protocol',
    doubtful: true,
    says: 'Writes the answer twice at once; the second, which nobody asked for, is the last of the connection.',
    source: 'RFC 9112 §6.3, §9.2',
  },
  truncated_encoding: {
    layer: 'h1',
    points: ['response-head'],
    parameters: {
      drop_bytes: { type: 'integer', min: 1, max: 1_000_000, says: 'cut from the end of the coded body' },
      coding: { type: 'choice', of: ['gzip'], says: 'the content coding' },
    },
    answer: 'protocol',
    doubtful: true,
    says: 'Compresses the body and cuts it short; the framing is right.',
    source: 'RFC 9110 §8.4.1; RFC 1952 §2.3',
  },
  expect_continue_withheld: {
    layer: 'h1',
    points: ['request'],
    parameters: {
      for_ms: {
        type: 'integer',
        min: 1,
        max: 3_600_000,
        optional: true,
        says: 'then it is sent; when the faults are healed where absent',
      },
    },
    answer: 'protocol',
    says: 'Sends no 100 to a client that waits for it; a body that comes all the same is read and served.',
    source: 'RFC 9110 §10.1.1',
  },
  expectation_failed: {
    layer: 'h1',
    points: ['request'],
    parameters: {},
    answer: 'own',
    says: 'Answers 417 and Connection: close to a request that says Expect, before its body has been read.',
    source: 'RFC 9110 §10.1.1, §15.5.18',
  },
  unasked_continue: {
    layer: 'h1',
    points: ['response-head'],
    parameters: {},
    answer: 'protocol',
    doubtful: true,
    says: 'Sends a 100 that nobody waits for before the answer.',
    source: 'RFC 9110 §15.2, §15.2.1',
  },
  unexpected_101: {
    layer: 'h1',
    points: ['response-head'],
    parameters: {},
    answer: 'none',
    says: 'Switches, unasked, to another protocol where the answer was due, and says nothing in it.',
    source: 'RFC 9110 §7.8, §15.2.2',
  },
} as const
