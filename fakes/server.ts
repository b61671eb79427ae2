/**
 * The reference server: a transport, the witness, the gate, a protocol and a pipeline put together as an
 * Endpoint. Each case has one of its own, so that connection faults stay with it.
 */
import type { Endpoint, EndpointFactory, EndpointOptions } from '../src/endpoint.ts'
import { messageOf, shown, TailraceError } from '../src/errors.ts'
import type { Arrivals, Connection, Exchange, Gone } from '../src/exchange.ts'
import { firstToken, Sites } from './intake.ts'
import { Gate, GatedExchange } from './gate.ts'
import { MemoryLanding } from './pipeline/landing-memory.ts'
import { directPipeline } from './pipeline/pipeline.ts'
import type { Pipeline } from './pipeline/pipeline.ts'
import { eventsApi } from './protocols/events-api.ts'
import { generic } from './protocols/generic.ts'
import type { FakeProtocol, Services } from './protocols/protocol.ts'
import { Tally } from './tally.ts'
import { listenH1 } from './transport/h1.ts'
import { memoryTransport } from './transport/memory.ts'
import type { MemoryTransport } from './transport/memory.ts'
import { witness } from './witness.ts'

export const protocols: readonly FakeProtocol[] = [generic, eventsApi]

/** A transport that is up. */
interface Carrier {
  readonly base: string
  stop(): Promise<void>
}

/** A server on HTTP/1.1 over a loopback socket. */
export const serveH1: EndpointFactory = async (options) => {
  const fake = new Fake(options)
  const listening = await listenH1({ host: options.host, clock: options.clock, arrivals: fake })
  return endpoint(fake, listening)
}

/** A server in memory; its clients go through `transport.dispatcher`. */
export function serveMemory(options: EndpointOptions): Endpoint & { readonly transport: MemoryTransport } {
  const fake = new Fake(options)
  const transport = memoryTransport({ clock: options.clock, arrivals: fake })
  return { ...endpoint(fake, transport), transport }
}

function endpoint(fake: Fake, carrier: Carrier): Endpoint {
  return {
    url: carrier.base + fake.path,
    base: carrier.base,
    failures: fake.failures,
    heal: () => fake.gate.heal(),
    quiet: () => fake.quiet(),
    deserted: () => fake.deserted(),
    stop: () => carrier.stop(),
  }
}

export function protocolNamed(name: string): FakeProtocol {
  const found = protocols.find((protocol) => protocol.name === name)
  if (found) return found
  const expected = `one of ${protocols.map((protocol) => protocol.name).join(', ')}`
  throw new TailraceError('usage', 'unknown protocol', [{ at: '--protocol', expected, got: shown(name) }])
}

class Fake implements Arrivals {
  readonly gate: Gate
  readonly path: string
  /** Errors of the harness itself: they make the case a harness-error and are never blamed on the client. */
  readonly failures: string[] = []
  private readonly options: EndpointOptions
  private readonly protocol: FakeProtocol
  private readonly pipeline: Pipeline
  private readonly services: Services
  private readonly exchanges = new Tally()
  private readonly connections = new Tally()

  constructor(options: EndpointOptions) {
    const { ledger, clock, plan, source, profile, token } = options
    this.options = options
    this.protocol = protocolNamed(options.protocol)
    this.path = pathOf(this.protocol, options)
    this.pipeline = directPipeline(ledger, new MemoryLanding())
    this.services = { ledger, source, profile, token, pipeline: this.pipeline, sites: new Sites() }
    this.gate = new Gate({
      plan,
      ledger,
      clock,
      errorAnswer: (status) => this.protocol.errorAnswer(status),
      firstToken: (bytes) => firstToken(bytes, source),
    })
  }

  opened({ id, ordinal, proto }: Connection): void {
    this.connections.add()
    this.options.ledger.write({ kind: 'open', conn: id, proto })
    this.gate.opened(id, ordinal)
  }

  closed({ id }: Connection, { by, how }: Gone): void {
    this.options.ledger.write({ kind: 'close', conn: id, by, how })
    this.connections.remove()
  }

  /** Never rejects. */
  async exchange(inner: Exchange): Promise<void> {
    this.exchanges.add()
    const witnessed = witness(inner, this.options.ledger, this.options.clock)
    try {
      const gated = new GatedExchange(this.gate, witnessed.exchange)
      if (await gated.enter()) await this.protocol.serve(gated, this.services)
    } catch (error) {
      this.failures.push(messageOf(error))
      await witnessed.exchange.cut({ rst: true, linger_ms: 0 })
    } finally {
      witnessed.close()
      this.exchanges.remove()
    }
  }

  dropped(limit: number): void {
    const failure = `the client opened more than ${limit} connections at once, and the harness takes no more`
    if (!this.failures.includes(failure)) this.failures.push(failure)
  }

  malformed({ id }: Connection, status: number | undefined, why: string): void {
    const { ledger } = this.options
    const site = { lane: 'control', attempt: 1 } as const
    const req = malformedRequests + id
    const nothing = { method: '', path: '', ids: [], bytes: 0, complete: false }
    ledger.write({ kind: 'request', req, conn: id, site, ...nothing, malformed: why })
    if (status !== undefined) ledger.write({ kind: 'respond', req, status, ack: 'rejected' })
    ledger.write({ kind: 'sent', req, written: status === undefined ? 'none' : 'full' })
  }

  async quiet(): Promise<void> {
    do {
      await this.exchanges.zero()
      await this.pipeline.quiet()
    } while (this.exchanges.value > 0)
  }

  async deserted(): Promise<void> {
    await this.quiet()
    await this.connections.zero()
  }
}

/** Numbers of requests that never became an exchange: apart from those that the transport counts. */
const malformedRequests = 1_000_000_000

function pathOf(protocol: FakeProtocol, { mode }: EndpointOptions): string {
  const path = protocol.paths[mode]
  if (path !== undefined) return path
  const expected = `one of ${Object.keys(protocol.paths).join(', ')} for ${protocol.name}`
  throw new TailraceError('usage', 'mode not spoken', [{ at: '--mode', expected, got: shown(mode) }])
}
