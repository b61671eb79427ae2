/** Shapers on a bare socket, on a clock wound by hand: what a client sees of them, and when. */
import { describe, expect, it } from 'vitest'
import { HandWound, largeBytes, largePost, unsent } from './faults/testing/hand-wound.ts'
import { head, json, ok } from './faults/testing/sight.ts'
import { ndjson, post } from './testing/serving.ts'

const begun = head(202, 'Accepted', [json], 11)

describe('slicer', () => {
  it('brings the body slice by slice, each after its gap', async () => {
    await using scene = await HandWound.under({
      id: 'r',
      on: 'accept',
      shape: [{ type: 'slicer', bytes: 4, gap_ms: 10 }],
    })
    const client = await scene.client()
    client.send(post(ndjson(0, 0)))
    expect(await client.until(begun)).toBe(begun)
    let seen = begun
    for (const slice of ['{"ok', '":tr', 'ue}']) {
      await scene.clock.advance(9.9)
      expect(client.text).toBe(seen)
      await scene.clock.advance(0.1)
      seen += slice
      expect(await client.until(slice)).toBe(seen)
    }
    expect(await scene.first('sent')).toMatchObject({ written: 'full', t: 30e6 })
  })
})

describe('bandwidth', () => {
  it('brings an answer as fast as its bytes are paid for', async () => {
    await using scene = await HandWound.under({
      id: 'r',
      on: 'accept',
      shape: [{ type: 'bandwidth', bytes_per_s: 10, direction: 'down' }],
    })
    const client = await scene.client()
    client.send(post(ndjson(0, 0)))
    const sent = await scene.clock.until(scene.first('sent'))
    expect(await client.until('{"ok":true}')).toHaveLength(ok.length)
    expect(sent.t / 1e9).toBeCloseTo(ok.length / 10)
  })

  it('reads so slowly that the client is left with its bytes, until the faults are healed', async () => {
    await using scene = await HandWound.under({
      id: 'r',
      on: 'accept',
      when: { nth: [1] },
      shape: [{ type: 'bandwidth', bytes_per_s: 1000, direction: 'up' }],
    })
    const slow = await scene.client()
    slow.send(largePost())
    await scene.clock.advance(60_000)
    const other = await scene.client()
    other.send(largePost())
    expect(await other.until('{"ok":true}')).toContain('202')
    const left = unsent(slow)
    expect(left).toBeGreaterThan(1_000_000)
    // 60 kB of a body are read on a minute of the clock; a buffer between here and there takes no more than that.
    await scene.clock.advance(60_000)
    expect(unsent(slow)).toBeGreaterThan(1_000_000)
    expect(slow.text).toBe('')
    scene.heal()
    expect(await slow.until('{"ok":true}')).toContain('202')
    expect(scene.entries('request').at(-1)).toMatchObject({ conn: 0, bytes: largeBytes, complete: true })
  })
})
