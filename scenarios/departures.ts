/**
 * Rules of the contract that are built otherwise than they are worded, each with its reason. They stand at the head of
 * `docs/cases.md`.
 */
export interface Departure {
  readonly id: string
  readonly worded: string
  readonly built: string
  readonly reason: string
}

export const departures: readonly Departure[] = [
  {
    id: 'ing.base.auth',
    worded: 'the token on every request, also on retries and new connections',
    built: 'every request of the case; that a retry carries the same credentials is property X3',
    reason: 'the case has no fault, so it sees no retry',
  },
  {
    id: 'ing.retry.reset-mid-request',
    worded: 'a body of 200 kB',
    built: 'one record of 200 kB',
    reason: 'a client that sends record by record has no other body of that size',
  },
  {
    id: 'ing.retry.refused-connect',
    worded: 'delivered after reopening',
    built: 'the listener is closed for the first two seconds of the case, and everything lands',
    reason:
      'a refused connection leaves no trace on our side: a client that starts later than that meets no refusal',
  },
  {
    id: 'ing.4xx.401',
    worded: 'the later requests still come; so, too, for 403',
    built: 'after three refusals the client may stop, as long as it tells what it did not send',
    reason: 'ing.4xx.auth-storm asks a client to stop after the third',
  },
  {
    id: 'ing.4xx.409-dup',
    worded: 'idempotent profile',
    built: 'n/a unless the client sends an Idempotency-Key; the records are taken before the 409',
    reason: 'without a key 409 says nothing of the kind',
  },
  {
    id: 'ing.backoff.shared',
    worded: 'requests in the outage ≤ 4 × attempts of one worker',
    built: 'requests in the outage ≤ 4 × the most attempts of the profile',
    reason:
      'a worker cannot be seen from outside: a client may use one connection for all of them, or one for each request',
  },
  {
    id: 'ing.ra.stops-the-others',
    worded: 'no request before t + RA·0.95 except those in flight',
    built: 'none from 100 ms after the answer was sent to t + RA·0.95',
    reason: 'what was in flight cannot be told from what was sent just after; 100 ms on loopback cover it',
  },
  {
    id: 'ing.429.window',
    worded: '≤ 3 requests per second inside the window',
    built: 'on average, from the first 429 to the end of the window',
    reason: 'the first requests of a client with several workers come before it can know of a limit',
  },
  {
    id: 'ing.413.only-the-big-one',
    worded: '|R| ≤ 2·log2(64) + 4',
    built:
      'n counts the records of the request that was refused first; further first requests are allowed, too',
    reason: 'a client with smaller batches sends more requests, and fewer of them are refused',
  },
  {
    id: 'ing.idem.window',
    worded: 'clock given; outage longer than the window of deduplication (5 hours)',
    built: 'the knob dedup.window_ms, 400 ms',
    reason:
      'no clock can be given to a client in another process; a window that the client honours can be made short',
  },
  {
    id: 'ing.flush.all',
    worded: '10 × the batch size queued',
    built: '95 records in batches of 10',
    reason: 'full batches go out by themselves: only a last one that is not full needs the flush',
  },
  {
    id: 'ing.stop.sigterm',
    worded: 'SIGTERM in mid-burst',
    built: 'after three requests or two seconds; the end of the input follows the signal',
    reason: 'a client that sends everything at the end of its input has no burst before it',
  },
  {
    id: 'ing.goaway.calm',
    worded: 'new conns ≤ 1 per backoff step, gaps grow',
    built:
      'one connection after each GOAWAY, none before 25 ms; the last wait is half as long again as the first. ' +
      'Three that are alike fail; others that do not grow are left open',
    reason: 'of three waits with jitter one may be shorter than the one before it',
  },
  {
    id: 'ing.goaway.storm',
    worded: 'live conns ≤ 2 × concurrency',
    built: 'at most 8, where the client honours concurrency, which is 4; how many there were is measured',
    reason: 'how many requests a client means to have under way is not seen on the wire',
  },
  {
    id: 'ing.goaway.connection-cap',
    worded: 'live connections settle at or under the cap',
    built: 'once the first has been turned away, at most ten more are',
    reason: 'the server ends those beyond the cap itself: that they are opened no more is what shows',
  },
  {
    id: 'ing.h2.refused-stream',
    worded: 'RST_STREAM(0x7) once',
    built: 'once for each batch, when its request has been read; nothing of it is taken',
    reason: 'before it is read it is not known what was refused, and so not whether that came again',
  },
  {
    id: 'ing.h2.ping',
    worded: 'all acked',
    built: 'all that were sent half a second or more before the end of their connection',
    reason: 'a client that leaves with its answer need not read on',
  },
  {
    id: 'ing.conn.cap',
    worded: 'live conns ≤ declared concurrency',
    built: 'at most 4, where the client honours concurrency, which is 4; else n/a, and measured',
    reason: 'nothing else declares it',
  },
  {
    id: 'ing.time.connect',
    worded: 'second attempt within budget',
    built: 'everything lands though no SYN is answered for the first two seconds',
    reason: 'a SYN without an answer leaves no trace: whether client or kernel tried again is not seen',
  },
  {
    id: 'ing.time.headers',
    worded: 'the attempt ends by the client; the delay is measured',
    built:
      'its records come again; the delay runs to the first sign of the end: reset, close or the next attempt',
    reason: 'a client may leave a stalled connection open and go on over another',
  },
]
