import { describe, expect, it } from 'vitest'
import {
  dataFrame,
  FrameReader,
  settingsAckFrame,
  settingsFrame,
  windowUpdateFrame,
} from '../../src/wire/h2-frames.ts'
import type { ReadFrame } from '../../src/wire/h2-frames.ts'
import { Credit } from './h2-credit.ts'

function frame(bytes: Buffer): ReadFrame {
  return new FrameReader().push(bytes)[0] as ReadFrame
}

describe('what a client takes', () => {
  it('is 65535 bytes of each stream and of the connection at first', () => {
    expect(new Credit().left(1)).toBe(65_535)
  })

  it('is the lesser of what the stream and the connection have left', () => {
    const credit = new Credit()
    credit.outgoing(frame(dataFrame(1, Buffer.alloc(100))))
    expect([credit.left(1), credit.left(3)]).toEqual([65_435, 65_435])
    credit.incoming(frame(windowUpdateFrame(0, 1_000)))
    expect([credit.left(1), credit.left(3)]).toEqual([65_435, 65_535])
    credit.incoming(frame(windowUpdateFrame(1, 40)))
    expect(credit.left(1)).toBe(65_475)
  })

  it('is charged with padding, and with no frame but DATA', () => {
    const credit = new Credit()
    credit.outgoing(frame(dataFrame(1, Buffer.alloc(10), { pad: 5 })))
    credit.outgoing(frame(settingsFrame({ MAX_FRAME_SIZE: 20_000 })))
    expect(credit.left(1)).toBe(65_535 - 16)
  })

  it('follows its SETTINGS, also of streams under way, and below nothing (RFC 9113 §6.9.2)', () => {
    const credit = new Credit()
    credit.outgoing(frame(dataFrame(1, Buffer.alloc(100))))
    credit.incoming(frame(settingsFrame({ INITIAL_WINDOW_SIZE: 10, MAX_FRAME_SIZE: 20_000 })))
    credit.incoming(frame(settingsAckFrame()))
    expect([credit.left(1), credit.left(3)]).toEqual([-90, 10])
    expect(credit.settings).toEqual({ INITIAL_WINDOW_SIZE: 10, MAX_FRAME_SIZE: 20_000 })
    credit.incoming(frame(settingsFrame({ INITIAL_WINDOW_SIZE: 200 })))
    expect([credit.left(1), credit.settings['MAX_FRAME_SIZE']]).toEqual([100, 20_000])
  })
})
