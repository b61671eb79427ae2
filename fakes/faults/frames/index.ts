/** The faults of HTTP/2, by what they strike: a stream, a session that begins, an idle connection. */
import type { frameAnswers } from '../../../src/faults/frames-answers.ts'
import type { ConnectionPerformer, Performer } from '../strike.ts'
import * as answers from './answers.ts'
import { frame_cut, late_data, no_end_stream } from './cuts.ts'
import { h1_on_h2, h2_stall, sessionH1, sessionReset, sessionStall, tcp_reset } from './ends.ts'
import { flow_control_stall } from './flow-control.ts'
import { goaway, sessionGoaway } from './goaway.ts'
import { rst_stream } from './rst-stream.ts'
import {
  max_concurrent_streams,
  ping_flood,
  ping_unanswered,
  settings_ack_withheld,
  settings_missing,
} from './settings.ts'

export { idleGoaway } from './goaway.ts'

type Both = 'goaway' | 'h1_on_h2' | 'tcp_reset' | 'h2_stall'
export type StreamName = keyof typeof frameAnswers | 'ping_flood' | Both
export type SessionName =
  | 'max_concurrent_streams'
  | 'flow_control_stall'
  | 'ping_unanswered'
  | 'settings_missing'
  | 'settings_ack_withheld'
  | Both

export const streamPerformers: { readonly [N in StreamName]: Performer<N> } = {
  rst_stream,
  goaway,
  ping_flood,
  h1_on_h2,
  tcp_reset,
  h2_stall,
  ...answers,
  late_data,
  no_end_stream,
  frame_cut,
}

export const sessionPerformers: { readonly [N in SessionName]: ConnectionPerformer<N> } = {
  goaway: sessionGoaway,
  max_concurrent_streams,
  flow_control_stall,
  ping_unanswered,
  settings_missing,
  settings_ack_withheld,
  h1_on_h2: sessionH1,
  tcp_reset: sessionReset,
  h2_stall: sessionStall,
}
