import { request } from 'undici'
import { afterEach, describe, expect, it } from 'vitest'
import { HandClock, realClock } from '../../src/clock.ts'
import { memoryTransport } from './memory.ts'
import type { MemoryTransport } from './memory.ts'
import { readAll, Witnessed } from './testing/facts.ts'
import { transportSuite } from './transport.suite.ts'

transportSuite('memory', (arrivals, connections) => {
  const transport = memoryTransport({ clock: realClock(), arrivals, ...(connections ? { connections } : {}) })
  const { base, dispatcher } = transport
  return Promise.resolve({
    base,
    dispatcher,
    connections: () => transport.connections(),
    stop: async () => {
      await transport.stop()
      await dispatcher.destroy()
    },
  })
})

describe('memory', () => {
  let transport: MemoryTransport | undefined
  afterEach(() => transport?.stop())

  function start(): { clock: HandClock; arrivals: Witnessed; transport: MemoryTransport } {
    const clock = new HandClock()
    const arrivals = new Witnessed()
    const made = memoryTransport({ clock, arrivals })
    transport = made
    return { clock, arrivals, transport: made }
  }

  it('answers in no time', async () => {
    const { clock, transport } = start()
    const got = await clock.until(request(`${transport.base}/`, { dispatcher: transport.dispatcher }))
    expect(await got.body.text()).toBe('ok')
    expect(got.headers['date']).toBe('Thu, 01 Jan 2026 00:00:00 GMT')
    expect(clock.now()).toBe(0)
  })

  it('ends a wait for the head after headersTimeout of the clock', async () => {
    const { clock, arrivals, transport } = start()
    arrivals.serve = (exchange) => exchange.gone.then(() => {})
    const asked = request(transport.base, { dispatcher: transport.dispatcher, headersTimeout: 86_400_000 })
    await expect(clock.until(asked)).rejects.toMatchObject({ code: 'UND_ERR_HEADERS_TIMEOUT' })
    expect(clock.now()).toBe(86_400_000e6)
  })

  it('ends a wait within the body after bodyTimeout of the clock, counted from the last bytes', async () => {
    const { clock, arrivals, transport } = start()
    arrivals.serve = async (exchange) => {
      await exchange.respond(200, [], 'chunked')
      for (let i = 0; i < 3; i += 1) {
        await new Promise<void>((resolve) => clock.after(900, resolve))
        await exchange.write(Buffer.from('.'))
      }
      await exchange.gone
    }
    const asked = request(transport.base, { dispatcher: transport.dispatcher, bodyTimeout: 1_000 })
    const text = asked.then(({ body }) => body.text())
    await expect(clock.until(text)).rejects.toMatchObject({ code: 'UND_ERR_BODY_TIMEOUT' })
    expect(clock.now()).toBe((3 * 900 + 1_000) * 1e6)
  })

  it('lingers before a RST for as long as the clock says', async () => {
    const { clock, arrivals, transport } = start()
    arrivals.serve = async (exchange) => {
      await readAll(exchange)
      await exchange.cut({ rst: true, linger_ms: 3_600_000 })
    }
    const asked = request(transport.base, { dispatcher: transport.dispatcher, headersTimeout: 0 })
    await expect(clock.until(asked)).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(clock.now()).toBe(3_600_000e6)
  })

  it('refuses connections once stopped, and knows one host only', async () => {
    const { transport } = start()
    const { base, dispatcher } = transport
    await expect(request('http://elsewhere.invalid/', { dispatcher })).rejects.toMatchObject({
      code: 'ENOTFOUND',
    })
    await transport.stop()
    await expect(request(base, { dispatcher })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})
