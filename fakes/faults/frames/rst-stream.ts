/** RST_STREAM, by hand: node would end the stream well first. */
import { done } from '../strike.ts'
import { codeOf, ofStream } from './h2.ts'
import type { Performer } from '../strike.ts'

export const rst_stream: Performer<'rst_stream'> = ofStream(async ({ exchange, fault, emit }) => {
  emit(done(fault, await exchange.cut({ code: codeOf(fault.code) })))
  return 'over'
})
