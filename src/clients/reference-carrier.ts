/**
 * What carries one request and its answer for the reference client, whatever HTTP is spoken: HTTP/1.1 by undici,
 * HTTP/2 by node:http2. Over TLS the server chooses (ALPN, RFC 7301); in the clear it is HTTP/1.1, unless HTTP/2 is
 * wished for (RFC 9113 §3.3).
 */
import { Agent } from 'undici'
import type { Clock } from '../clock.ts'
import type { Answer } from './reference-answers.ts'
import { unlessAborted } from './reference-asked.ts'
import type { Asked, Carrier } from './reference-asked.ts'
import { undiciCarrier } from './reference-h1.ts'
import { H2Carrier } from './reference-h2.ts'
import type { Connect } from './reference-h2.ts'
import type { Settings } from './reference-settings.ts'
import { connectPlain, connectSecure } from './reference-sockets.ts'
import type { Secured } from './reference-sockets.ts'

export interface CarrierOptions {
  readonly settings: Settings
  readonly clock: Clock
  /** Authorities to trust beside those that Node knows, as PEM. */
  readonly ca?: string | undefined
  /** In place of a TCP connection, where HTTP/2 is spoken in the clear. */
  readonly connect?: Connect | undefined
  /** A number in [0, 1) for the jitter of one wait. */
  readonly unit: (key: string, attempt: number) => number
}

/** One for every origin that is met. */
export class Carriers implements Carrier {
  private readonly options: CarrierOptions
  private readonly plain: Carrier
  private readonly others = new Map<string, Carrier>()

  constructor(options: CarrierOptions) {
    this.options = options
    this.plain = undiciCarrier(agent(options.settings))
  }

  ask(asked: Asked): Promise<Answer> {
    return this.of(asked.url).ask(asked)
  }

  async close(): Promise<void> {
    await Promise.all([this.plain, ...this.others.values()].map((carrier) => carrier.close()))
  }

  private of({ protocol, origin }: URL): Carrier {
    const isSecure = protocol === 'https:'
    if (!isSecure && this.options.settings.http !== 2) return this.plain
    const known = this.others.get(origin)
    if (known) return known
    const made = isSecure ? new SecureCarrier(this.options) : this.clear()
    this.others.set(origin, made)
    return made
  }

  private clear(): Carrier {
    const { settings, connect } = this.options
    const timeoutMs = settings['timeout.connect_ms']
    const byTcp: Connect = (url, signal) =>
      connectPlain(url, { timeoutMs, signal, clock: this.options.clock })
    return new H2Carrier({ ...this.options, connect: connect ?? byTcp })
  }
}

/** An origin behind TLS: the first connection shows what is spoken. */
class SecureCarrier implements Carrier {
  private readonly options: CarrierOptions
  private spoken: Promise<Carrier> | undefined
  private readonly made: Carrier[] = []
  private readonly over = new AbortController()

  constructor(options: CarrierOptions) {
    this.options = options
  }

  async ask(asked: Asked): Promise<Answer> {
    const spoken = (this.spoken ??= this.shake(asked.url))
    const forget = (): void => {
      if (this.spoken === spoken) this.spoken = undefined
    }
    spoken.catch(forget) // without a connection nothing is known
    const carrier = await unlessAborted(spoken, asked.signal)
    try {
      return await carrier.ask(asked)
    } catch (error) {
      if (error instanceof AnotherProtocol) forget()
      throw error
    }
  }

  async close(): Promise<void> {
    this.over.abort()
    await Promise.all(this.made.map((carrier) => carrier.close()))
  }

  private async shake(url: URL): Promise<Carrier> {
    const { alpn, socket } = await this.secured(url, ['h2', 'http/1.1'])
    this.over.signal.throwIfAborted()
    let spare: Secured['socket'] | undefined = socket
    const first = (): Secured['socket'] | undefined => {
      const given = spare
      spare = undefined
      return given && !given.destroyed ? given : undefined
    }
    const carrier =
      alpn === 'h2'
        ? new H2Carrier({
            ...this.options,
            connect: async (to) => first() ?? (await this.second(to)),
          })
        : undiciCarrier(this.agentOf(url, first))
    this.made.push(carrier)
    return carrier
  }

  private async second(url: URL): Promise<Secured['socket']> {
    const { alpn, socket } = await this.secured(url, ['h2', 'http/1.1'])
    if (alpn === 'h2') return socket
    socket.destroy()
    throw new AnotherProtocol('the server speaks HTTP/2 no more')
  }

  /** HTTP/1.1 over connections of ours: the first is there already. */
  private agentOf(url: URL, first: () => Secured['socket'] | undefined): Agent {
    return new Agent({
      connections: this.options.settings.concurrency,
      connect: (_options, callback) => {
        const ready = first()
        const made = ready
          ? Promise.resolve(ready)
          : this.secured(url, ['http/1.1']).then(({ socket }) => socket)
        made.then(
          (socket) => callback(null, socket),
          (error: unknown) => callback(error as Error, null),
        )
      },
    })
  }

  private secured(url: URL, protocols: readonly string[]): Promise<Secured> {
    const { settings, clock, ca } = this.options
    const { signal } = this.over
    return connectSecure(url, { timeoutMs: settings['timeout.connect_ms'], signal, clock, ca, protocols })
  }
}

/** What was spoken on earlier connections is not spoken on this one. */
class AnotherProtocol extends Error {}

/** Connections are kept alive, and there are no more of them than batches under way. */
function agent({ concurrency, 'timeout.connect_ms': timeout }: Settings): Agent {
  return new Agent({ connections: concurrency, connect: { timeout } })
}
