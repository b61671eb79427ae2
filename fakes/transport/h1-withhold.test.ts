/** A 100 that is kept back from a client that waits for it. */
import { expect, it } from 'vitest'
import { sleep } from '../../src/clock.ts'
import { requestText } from '../testing/raw-client.ts'
import { readAll } from './testing/facts.ts'
import { RawScene } from './testing/raw-scene.ts'

const scene = new RawScene()
const goOn = 'HTTP/1.1 100 Continue\r\n\r\n'

/** Serves with a 100 that is due in 30 s; resolves, at the next request, to whether it is kept back. */
function serveWithheld(): { readonly held: Promise<boolean>; readonly overs: AbortSignal[] } {
  const overs: AbortSignal[] = []
  const held = new Promise<boolean>((resolve) => {
    scene.arrivals.serve = async (exchange) => {
      const isHeld = exchange.withhold?.((over) => {
        overs.push(over)
        return sleep(scene.clock, 30_000, over)
      })
      const body = readAll(exchange)
      resolve(isHeld === true)
      await body
      await exchange.respond(200, [], { length: 0 })
      await exchange.end()
    }
  })
  return { held, overs }
}

const asking = requestText('POST /', ['Expect: 100-continue', 'Content-Length: 2'])

it('comes when its time has come on the clock of the run, and not before', async () => {
  const { held } = serveWithheld()
  const client = await scene.client()
  client.send(asking)
  expect(await held).toBe(true)
  await scene.clock.advance(29_999)
  expect(client.text).toBe('')
  await scene.clock.advance(1)
  expect(await client.until(goOn)).toBe(goOn)
  client.send('ab')
  expect(await client.until('Content-Length: 0\r\n\r\n')).toContain(`${goOn}HTTP/1.1 200 OK\r\n`)
})

it('never comes to a client that does not wait so long, and nothing waits for it', async () => {
  const { held, overs } = serveWithheld()
  const client = await scene.client()
  client.send(asking)
  await held
  client.send('ab')
  await client.until('Content-Length: 0\r\n\r\n')
  await scene.clock.advance(60_000)
  expect(client.text.startsWith('HTTP/1.1 200 OK\r\n')).toBe(true)
  expect(overs.map(({ aborted }) => aborted)).toEqual([true])
})

it('never comes to a client that is gone', async () => {
  const { held, overs } = serveWithheld()
  const client = await scene.client()
  client.send(asking)
  await held
  client.socket.resetAndDestroy()
  await scene.arrivals.closings.next()
  expect(overs.map(({ aborted }) => aborted)).toEqual([true])
})

it('is not kept back where nobody waits for it', async () => {
  const { held, overs } = serveWithheld()
  const client = await scene.client()
  client.send(requestText('POST /', ['Content-Length: 2'], 'ab'))
  expect(await held).toBe(false)
  await client.until('Content-Length: 0\r\n\r\n')
  expect(overs).toEqual([])
})
