/**
 * The reference server: a transport, the witness, the gate, a protocol and a pipeline put together as an
 * Endpoint. Each case has one of its own, so that connection faults stay with it.
 */
import type { Endpoint, EndpointFactory, EndpointOptions } from '../src/endpoint.ts'
import { messageOf, shown, TailraceError } from '../src/errors.ts'
import type { Arrivals, Connection, Exchange, Gone } from '../src/exchange.ts'
import { limits } from '../src/limits.ts'
import { Refusals } from './faults/refusals.ts'
import type { Door } from './faults/refusals.ts'
import { enterUnserved, firstToken, Sites } from './intake.ts'
import { Gate, GatedExchange } from './gate.ts'
import { Idling } from './idling.ts'
import { MemoryLanding } from './pipeline/landing-memory.ts'
import { directPipeline } from './pipeline/pipeline.ts'
import type { Pipeline } from './pipeline/pipeline.ts'
import { elasticBulk } from './protocols/elastic-bulk.ts'
import { eventsApi } from './protocols/events-api.ts'
import { caseWorkspace } from './protocols/events-api/workspace.ts'
import type { Workspace } from './protocols/events-api/workspace.ts'
import { generic } from './protocols/generic.ts'
import type { FakeProtocol, Services } from './protocols/protocol.ts'
import { Tally } from './tally.ts'
import { listenH1 } from './transport/h1.ts'
import { memoryTransport } from './transport/memory.ts'
import type { MemoryTransport } from './transport/memory.ts'
import { witness } from './witness.ts'

export const protocols: readonly FakeProtocol[] = [generic, eventsApi, elasticBulk]

/** What a server that is nobody's case has besides. */
export interface ServerOptions extends EndpointOptions {
  /** A free one of ours when absent; 0 is one that the system chooses. */
  readonly port?: number
  /** That of a conformance case when absent. */
  readonly workspace?: Workspace
}

/** A transport that is up. */
interface Carrier extends Door {
  readonly base: string
  stop(): Promise<void>
}

/** A server on HTTP/1.1 over a loopback socket. */
export const serveH1: EndpointFactory = (options) => serveH1At(options)

export async function serveH1At(options: ServerOptions): Promise<Endpoint> {
  const { host, clock, port } = options
  const fake = new Fake(options)
  const { fromStart: shut } = fake.refusals
  const listening = await listenH1({
    host,
    clock,
    arrivals: fake,
    shut,
    ...(port === undefined ? {} : { port }),
  })
  return endpoint(fake, listening)
}

/** A server in memory; its clients go through `transport.dispatcher`. */
export function serveMemory(options: ServerOptions): Endpoint & { readonly transport: MemoryTransport } {
  const fake = new Fake(options)
  const { fromStart: shut } = fake.refusals
  const transport = memoryTransport({ clock: options.clock, arrivals: fake, shut })
  return { ...endpoint(fake, transport), transport }
}

function endpoint(fake: Fake, carrier: Carrier): Endpoint {
  fake.begin(carrier)
  return {
    url: carrier.base + fake.path,
    base: carrier.base,
    failures: fake.failures,
    heal: () => fake.gate.heal(),
    quiet: () => fake.quiet(),
    deserted: () => fake.deserted(),
    stop: async () => {
      await fake.refusals.stop()
      await carrier.stop()
    },
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
  readonly refusals: Refusals
  readonly path: string
  /** Errors of the harness itself: they make the case a harness-error and are never blamed on the client. */
  readonly failures: string[] = []
  private readonly options: EndpointOptions
  private readonly protocol: FakeProtocol
  private readonly pipeline: Pipeline
  private services: Services
  private readonly idling: Idling
  private readonly exchanges = new Tally()
  private readonly connections = new Tally()

  constructor(options: ServerOptions) {
    const { ledger, clock, plan, source, profile, token } = options
    const workspace = options.workspace ?? caseWorkspace(token, clock)
    this.options = options
    this.protocol = protocolNamed(options.protocol)
    this.path = pathOf(this.protocol, options)
    this.pipeline = directPipeline(ledger, new MemoryLanding())
    const sites = new Sites()
    this.services = { ledger, source, profile, token, clock, workspace, pipeline: this.pipeline, sites }
    this.gate = new Gate({
      plan,
      ledger,
      clock,
      errorAnswer: (status) => this.protocol.errorAnswer(status, undefined, workspace),
      firstToken: (bytes) => firstToken(bytes, source),
    })
    this.idling = new Idling(this.gate)
    const { healed } = this.gate
    this.refusals = new Refusals({ plan, ledger, clock, healed, failed: (why) => this.fail(why) })
  }

  /** The transport is up, and clients may come. */
  begin(carrier: Carrier): void {
    this.services = { ...this.services, authority: new URL(carrier.base).host }
    this.refusals.begin(carrier)
  }

  opened({ id, ordinal, proto }: Connection): void {
    this.connections.add()
    this.options.ledger.write({ kind: 'open', conn: id, proto })
    this.gate.opened(id, ordinal)
  }

  closed({ id }: Connection, { by, how }: Gone): void {
    this.options.ledger.write({ kind: 'close', conn: id, by, how })
    this.idling.end(id)
    this.connections.remove()
  }

  /** Never rejects. */
  async exchange(inner: Exchange): Promise<void> {
    this.exchanges.add()
    this.idling.end(inner.connection.id)
    const witnessed = witness(inner, this.options.ledger, this.options.clock)
    const gated = new GatedExchange(this.gate, witnessed.exchange)
    try {
      const { room } = this.options.ledger
      if (room) await room
      const entered = await gated.enter()
      if (entered === 'open') await this.protocol.serve(gated, this.services)
      else if (entered === 'answered') await enterUnserved(inner, this.services)
    } catch (error) {
      this.fail(messageOf(error))
      await witnessed.exchange.cut({ rst: true, linger_ms: 0 })
    } finally {
      witnessed.close()
      gated.close()
      this.exchanges.remove()
      this.idling.begin(inner.connection)
    }
  }

  /** Never rejects. */
  async unserved(exchange: Exchange, afterClose: boolean): Promise<void> {
    this.exchanges.add()
    try {
      await enterUnserved(exchange, { ...this.services, afterClose })
      this.options.ledger.write({ kind: 'sent', req: exchange.id, written: 'none' })
    } catch (error) {
      this.fail(messageOf(error))
    } finally {
      this.exchanges.remove()
    }
  }

  private fail(why: string): void {
    if (this.failures.length < limits.failuresKept) this.failures.push(why)
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
