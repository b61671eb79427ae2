/** The suite: every case, in the order of the contract. */
import type { Case } from '../src/door/index.ts'
import { ack } from './ingest/ack.ts'
import { baseline } from './ingest/baseline.ts'
import { manners } from './ingest/manners.ts'
import { retry } from './ingest/retry.ts'
import { stop } from './ingest/stop.ts'

export const cases: readonly Case[] = [...baseline, ...retry, ...manners, ...ack, ...stop]
