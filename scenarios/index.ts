/** The suite: every case, group by group. */
import type { Case } from '../src/door/index.ts'
import { ack } from './ingest/ack.ts'
import { backoff } from './ingest/backoff.ts'
import { baseline } from './ingest/baseline.ts'
import { connections } from './ingest/connections.ts'
import { final } from './ingest/final.ts'
import { goaway } from './ingest/goaway.ts'
import { h2 } from './ingest/h2.ts'
import { idempotency } from './ingest/idempotency.ts'
import { limited } from './ingest/limited.ts'
import { partial } from './ingest/partial.ts'
import { retry } from './ingest/retry.ts'
import { size } from './ingest/size.ts'
import { stop } from './ingest/stop.ts'
import { time } from './ingest/time.ts'

export const cases: readonly Case[] = [
  ...[...baseline, ...retry, ...final, ...backoff, ...limited, ...size, ...partial],
  ...[...idempotency, ...ack, ...connections, ...time, ...goaway, ...h2, ...stop],
]
