/**
 * The reference server: a transport, the witness, the gate, a protocol and a pipeline put together as an
 * Endpoint. Each case has one of its own, so that connection faults stay with it.
 */
import type { Endpoint, EndpointFactory, EndpointOptions } from '../src/endpoint.ts'
import { messageOf, shown, TailraceError } from '../src/errors.ts'
import type { Arrivals, Connection, Exchange, Gone } from '../src/exchange.ts'
import { limits } from '../src/limits.ts'
import { Crowding } from './crowding.ts'
import { Refusals } from './faults/refusals.ts'
import type { Door } from './faults/refusals.ts'
import { enterUnserved, firstToken, Sites } from './intake.ts'
import { Gate } from './gate.ts'
import { GatedExchange } from './gated-exchange.ts'
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
import { securing } from './securing.ts'
import { Steering } from './steering.ts'
import { Tally } from './tally.ts'
import { listen } from './transport/listener.ts'
import { frameEntry } from './frame-entry.ts'
import type { Frame } from '../src/wire/h2-frames.ts'
import { authority } from './tls/certificates.ts'
import { witness } from './witness.ts'

export const protocols: readonly FakeProtocol[] = [generic, eventsApi, elasticBulk]

/** What a server that is nobody's case has besides. */
export interface ServerOptions extends EndpointOptions {
  /** A free one of ours when absent; 0 is one that the system chooses. */
  readonly port?: number
  /** That of a conformance case when absent. */
  readonly workspace?: Workspace
}

/** An endpoint whose plan can be edited while it runs. */
export interface SteeredEndpoint extends Endpoint {
  readonly steering: Steering
  /** Resets every connection; resolves to how many there were. */
  disconnect(): Promise<number>
}

/** A transport that is up. */
export interface Carrier extends Door {
  readonly base: string
  stop(): Promise<void>
}

/** A server on a loopback socket. */
export const serveSocket: EndpointFactory = (options) => serveAt(options)

export async function serveAt(options: ServerOptions): Promise<SteeredEndpoint> {
  const { host, clock, port, tls, h2 = false } = options
  const fake = new Fake(options)
  const { fromStart: shut } = fake.refusals
  const listening = await listen({
    host,
    clock,
    arrivals: fake,
    shut,
    h2,
    ...(tls ? { secure: securing({ gate: fake.gate, clock, host, h2 }) } : {}),
    ...(port === undefined ? {} : { port }),
  })
  const made = endpoint(fake, listening)
  await fake.refusals.ready()
  return tls ? { ...made, authority: await authority() } : made
}

/** For another transport (`server-memory.ts`). */
export function endpoint(fake: Fake, carrier: Carrier): SteeredEndpoint {
  fake.begin(carrier)
  return {
    url: carrier.base + fake.path,
    base: carrier.base,
    failures: fake.failures,
    steering: fake.steering,
    disconnect: () => fake.disconnect(),
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

export class Fake implements Arrivals {
  readonly gate: Gate
  readonly steering: Steering
  readonly refusals: Refusals
  readonly path: string
  /** Errors of the harness itself: they make the case a harness-error and are never blamed on the client. */
  readonly failures: string[] = []
  private readonly options: EndpointOptions
  private readonly protocol: FakeProtocol
  private readonly pipeline: Pipeline
  private services: Services
  private readonly idling: Idling
  private readonly crowding: Crowding
  private readonly exchanges = new Tally()
  private readonly connections = new Tally()
  private readonly open = new Set<Connection>()

  constructor(options: ServerOptions) {
    const { ledger, clock, plan, source, profile, token } = options
    const workspace = options.workspace ?? caseWorkspace(token, clock)
    this.options = options
    this.protocol = protocolNamed(options.protocol)
    this.path = pathOf(this.protocol, options)
    this.pipeline = directPipeline(ledger, new MemoryLanding())
    const sites = new Sites()
    this.services = { ledger, source, profile, token, clock, workspace, pipeline: this.pipeline, sites }
    this.steering = new Steering(plan, clock)
    this.gate = new Gate({
      steering: this.steering,
      ledger,
      clock,
      errorAnswer: (status) => this.protocol.errorAnswer(status, undefined, workspace),
      firstToken: (bytes) => firstToken(bytes, source),
    })
    this.idling = new Idling(this.gate)
    this.crowding = new Crowding(options.connectionsCap)
    const { healed } = this.gate
    this.refusals = new Refusals({ plan, ledger, clock, healed, failed: (why) => this.fail(why) })
  }

  /** The transport is up, and clients may come. */
  begin(carrier: Carrier): void {
    this.services = { ...this.services, authority: new URL(carrier.base).host }
    this.refusals.begin(carrier)
  }

  opened(connection: Connection): void {
    const { id, ordinal, proto, at } = connection
    this.connections.add()
    this.open.add(connection)
    this.options.ledger.write({ kind: 'open', conn: id, proto }, at)
    this.gate.opened(id, ordinal)
    this.crowding.opened(connection, this.connections.value)
  }

  closed(connection: Connection, { by, how }: Gone, handshake?: string): void {
    const { id, ordinal } = connection
    const why = handshake === undefined ? {} : { handshake }
    this.options.ledger.write({ kind: 'close', conn: id, by, how, ...why })
    this.gate.closed(ordinal)
    this.idling.closed(id)
    this.crowding.closed(connection)
    this.open.delete(connection)
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
      if (this.crowding.has(inner.connection)) {
        await enterUnserved(inner, this.services)
        await this.crowding.turnAway(witnessed.exchange, this.gate.options.errorAnswer(429))
        return
      }
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
      this.idling.begin(inner.connection, inner.stream)
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

  session(connection: Connection): void {
    this.idling.session(connection)
    void this.crowding.session(connection)
  }

  frame(connection: Connection, dir: 'in' | 'out', frame: Frame): void {
    if (this.options.frames) this.options.ledger.write(frameEntry(connection.id, dir, frame))
  }

  async disconnect(): Promise<number> {
    const open = [...this.open]
    await Promise.all(open.map((connection) => connection.cut({ rst: true, linger_ms: 0 })))
    return open.length
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
