/** What the ledger keeps of an HTTP/2 frame: what it says, without its content. */
import type { EntryOf } from '../src/entry.ts'
import {
  endsStream,
  errorCodeOf,
  frameTypeName,
  isAck,
  lastStreamOf,
  settingsOf,
} from '../src/wire/h2-frames.ts'
import type { Frame } from '../src/wire/h2-frames.ts'

type Fields = Omit<EntryOf<'frame'>, 'n' | 't' | 'vt'>

export function frameEntry(conn: number, dir: 'in' | 'out', frame: Frame): Fields {
  const code = errorCodeOf(frame)
  const last = lastStreamOf(frame)
  const settings = settingsOf(frame)
  return {
    kind: 'frame',
    conn,
    dir,
    type: frameTypeName(frame.type),
    stream: frame.stream,
    bytes: frame.payload.length,
    ...(isAck(frame) ? { ack: true } : {}),
    ...(endsStream(frame) ? { end: true } : {}),
    ...(code === undefined ? {} : { code }),
    ...(last === undefined ? {} : { last }),
    ...(settings === undefined ? {} : { settings }),
  }
}
