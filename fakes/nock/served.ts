/**
 * The reference server behind nock: the same witness, gate, protocol and pipeline as on a socket, so the ledger reads
 * the same. Only connections have no entries, as there are none.
 */
import type { Clock } from '../../src/clock.ts'
import type { EndpointOptions } from '../../src/endpoint.ts'
import { messageOf } from '../../src/errors.ts'
import { limits } from '../../src/limits.ts'
import { enterUnserved, firstToken, Sites } from '../intake.ts'
import { Gate } from '../gate.ts'
import { GatedExchange } from '../gated-exchange.ts'
import { MemoryLanding } from '../pipeline/landing-memory.ts'
import { directPipeline } from '../pipeline/pipeline.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import { caseWorkspace } from '../protocols/events-api/workspace.ts'
import type { FakeProtocol, Services } from '../protocols/protocol.ts'
import { protocolNamed } from '../server.ts'
import { Steering } from '../steering.ts'
import { Tally } from '../tally.ts'
import { witness } from '../witness.ts'
import { NockExchange, soleConnection } from './exchange.ts'
import type { NockRequest, Reply } from './exchange.ts'

export class Served {
  readonly failures: string[] = []
  readonly protocol: FakeProtocol
  private readonly gate: Gate
  private readonly services: Services
  private readonly clock: Clock
  private readonly pipeline: Pipeline
  private readonly open = new Tally()
  private entered = false

  /** `host` is that of the origin, with its port where it has one. */
  constructor(options: EndpointOptions) {
    const { ledger, clock, plan, source, profile, token, host } = options
    const workspace = caseWorkspace(token, clock)
    const protocol = protocolNamed(options.protocol)
    this.clock = clock
    this.protocol = protocol
    this.pipeline = directPipeline(ledger, new MemoryLanding())
    this.services = {
      ...{ ledger, source, profile, token, clock, workspace, authority: host },
      pipeline: this.pipeline,
      sites: new Sites(),
    }
    this.gate = new Gate({
      steering: new Steering(plan, clock),
      ledger,
      clock,
      errorAnswer: (status) => protocol.errorAnswer(status, undefined, workspace),
      firstToken: (bytes) => firstToken(bytes, source),
    })
  }

  /** Resolves at the head of the answer; rejects with the error that the client is to meet. */
  answer(request: NockRequest): Promise<Reply> {
    const exchange = new NockExchange(request, this.clock)
    void this.exchange(exchange)
    return exchange.reply
  }

  heal(): void {
    this.gate.heal()
  }

  async quiet(): Promise<void> {
    do {
      await this.open.zero()
      await this.pipeline.quiet()
    } while (this.open.value > 0)
  }

  /** Never rejects. */
  private async exchange(inner: NockExchange): Promise<void> {
    this.open.add()
    if (!this.entered) this.gate.opened(soleConnection.id, soleConnection.ordinal)
    this.entered = true
    const witnessed = witness(inner, this.services.ledger, this.clock)
    const gated = new GatedExchange(this.gate, witnessed.exchange)
    try {
      const entered = await gated.enter()
      if (entered === 'open') await this.protocol.serve(gated, this.services)
      else if (entered === 'answered') await enterUnserved(inner, this.services)
    } catch (error) {
      if (this.failures.length < limits.failuresKept) this.failures.push(messageOf(error))
      await witnessed.exchange.cut({ rst: true, linger_ms: 0 })
    } finally {
      witnessed.close()
      gated.close()
      this.open.remove()
    }
  }
}
