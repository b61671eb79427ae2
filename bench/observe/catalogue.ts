/** All that is observed: every fault of the table but those that the wire does not show, and by which clients. */
import type { FaultName } from '../../src/fault.ts'
import { faultNames, faultSpec } from '../../src/fault.ts'
import type { ClientName } from './client-main.ts'
import type { CurlHttp } from './curl.ts'
import type { Trial, Trials } from './trial.ts'
import { h1Trials } from './trials-h1.ts'
import { h2Trials } from './trials-h2.ts'
import { tlsTrials } from './trials-tls.ts'

/** Faults that no client can see from outside, and why. */
export const unseen: Readonly<Record<'client_stop', string>> = {
  client_stop:
    'It is done to the process of the client by whoever has started it; nothing of it is on the wire.',
}

const trials: Trials<Exclude<FaultName, keyof typeof unseen>> = { ...h1Trials, ...tlsTrials, ...h2Trials }

/** Over which a layer is observed. */
export type Carrier = 'plain' | 'tls'
export type LayerName = 'h1' | 'tls' | 'h2'

export interface Column {
  /** As it stands in the tables. */
  readonly name: string
  readonly program: ClientName | CurlHttp
  readonly carrier: Carrier
}

const column = (name: string, program: Column['program'], carrier: Carrier): Column => ({
  name,
  program,
  carrier,
})

/** The clients of each layer. Those that speak no HTTP/2 have no place in the last. */
export const columns: Readonly<Record<LayerName, readonly Column[]>> = {
  h1: [
    column('undici request', 'undici request', 'plain'),
    column('undici fetch', 'undici fetch', 'plain'),
    column('node:http', 'http', 'plain'),
    column('global fetch', 'fetch', 'plain'),
    column('curl --http1.1', '--http1.1', 'plain'),
    column('node:http2 (h2c)', 'http2', 'plain'),
    column('curl --http2-prior-knowledge (h2c)', '--http2-prior-knowledge', 'plain'),
  ],
  tls: [
    column('undici request', 'undici request', 'tls'),
    column('undici fetch', 'undici fetch', 'tls'),
    column('node:https', 'http', 'tls'),
    column('global fetch', 'fetch', 'tls'),
    column('curl --http1.1', '--http1.1', 'tls'),
    column('undici request (h2)', 'undici request h2', 'tls'),
    column('node:http2', 'http2', 'tls'),
    column('curl --http2', '--http2', 'tls'),
  ],
  h2: [
    column('undici request', 'undici request h2', 'tls'),
    column('undici fetch', 'undici fetch h2', 'tls'),
    column('undici H2CClient (h2c)', 'undici request h2', 'plain'),
    column('node:http2', 'http2', 'tls'),
    column('curl --http2', '--http2', 'tls'),
    column('curl --http2-prior-knowledge (h2c)', '--http2-prior-knowledge', 'plain'),
  ],
}

export interface Placed {
  readonly layer: LayerName
  readonly trial: Trial
}

/** In the order of the table of faults. */
export const catalogue: readonly Placed[] = faultNames.flatMap((name) => {
  if (name in unseen) return []
  const { layer } = faultSpec(name)
  const placed = layer === 'tls' || layer === 'h2' ? layer : 'h1'
  return (trials[name as keyof typeof trials] as readonly Trial[]).map((trial) => ({ layer: placed, trial }))
})
