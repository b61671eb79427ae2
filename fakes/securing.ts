/** The TLS handshake of each connection, as the plan has it. */
import type { Socket } from 'node:net'
import type { Clock } from '../src/clock.ts'
import type { Gone } from '../src/exchange.ts'
import { tlsPerformers } from './faults/index.ts'
import type { TlsName } from './faults/index.ts'
import type { TlsPerformer } from './faults/strike.ts'
import type { Gate } from './gate.ts'
import { Below } from './tls/below.ts'
import { secure } from './tls/secure.ts'
import type { Alpn, Handshake, SecureOptions } from './tls/secure.ts'
import type { Secure, Unsecured } from './transport/reception.ts'

export interface Securing {
  readonly gate: Gate
  readonly clock: Clock
  /** Named in the certificate beside localhost. */
  readonly host: string
  /** Offered beside HTTP/1.1. */
  readonly h2: boolean
}

const leftBehind: Gone = { by: 'server', how: 'fin' }

export function securing({ gate, clock, host, h2 }: Securing): Secure {
  return async (raw, ordinal) => {
    const planned = await strikeTls(gate, clock, raw, ordinal)
    if ('lost' in planned) return planned
    let failure: Handshake | undefined
    const protocols: readonly Alpn[] = h2 ? ['h2', 'http/1.1'] : ['http/1.1']
    const failed = (handshake: Handshake): void => void (failure = handshake)
    const secured = await secure(raw, { protocols, ...planned, clock, host, failed })
    if (!secured) return { lost: failure?.lost ?? leftBehind, why: failure?.why ?? '' }
    return { ...secured, below: new Below(raw, secured.socket, clock) }
  }
}

/** In what the handshake is to differ, or that it is over before it began. */
async function strikeTls(
  gate: Gate,
  clock: Clock,
  raw: Socket,
  ordinal: number,
): Promise<SecureOptions | Unsecured> {
  const nothing = { method: '', path: '', headers: [] }
  const spot = `connection:${ordinal}#0`
  const decision = gate.draw({ ...nothing, connection: ordinal, spot, points: ['tls'] })
  if (!decision) return {}
  const performer = tlsPerformers[decision.fault.type as TlsName] as TlsPerformer<TlsName>
  let lost = leftBehind
  const differs = await performer({
    fault: decision.fault as Parameters<typeof performer>[0]['fault'],
    raw,
    clock,
    healed: gate.healed,
    emit: (deed) => gate.struck(decision, { conn: ordinal }, deed),
    ended: (how) => (lost = how),
  })
  return differs === 'over' ? { lost, why: decision.fault.type } : differs
}
