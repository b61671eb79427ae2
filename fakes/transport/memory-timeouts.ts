/** undici's timeouts on a clock of ours, so that they run in virtual time too. */
import { errors } from 'undici'
import type { Dispatcher } from 'undici'
import type { Clock, Timer } from '../../src/clock.ts'

type Controller = Dispatcher.DispatchController
type Handler = Dispatcher.DispatchHandler
type Start = Parameters<NonNullable<Handler['onResponseStart']>>
type Upgrade = Parameters<NonNullable<Handler['onRequestUpgrade']>>
type End = Parameters<NonNullable<Handler['onResponseEnd']>>

/** What undici waits where a request says nothing. */
const undiciTimeoutMs = 300_000

/** An interceptor that takes the timeouts out of undici's hands. */
export function timeouts(clock: Clock): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) =>
    dispatch({ ...options, headersTimeout: 0, bodyTimeout: 0 }, new TimedHandler(clock, options, handler))
}

class TimedHandler implements Handler {
  private readonly clock: Clock
  private readonly headersMs: number
  private readonly bodyMs: number
  private readonly inner: Handler
  private timer: Timer | undefined

  constructor(clock: Clock, options: Dispatcher.DispatchOptions, inner: Handler) {
    this.clock = clock
    this.headersMs = options.headersTimeout ?? undiciTimeoutMs
    this.bodyMs = options.bodyTimeout ?? undiciTimeoutMs
    this.inner = inner
  }

  onRequestStart(controller: Controller, context: unknown): void {
    this.arm(this.headersMs, controller, () => new errors.HeadersTimeoutError())
    this.inner.onRequestStart?.(controller, context)
  }

  onRequestUpgrade(...upgrade: Upgrade): void {
    this.timer?.cancel()
    this.inner.onRequestUpgrade?.(...upgrade)
  }

  onResponseStart(...start: Start): void {
    const [controller, status] = start
    if (status >= 200) this.armBody(controller)
    this.inner.onResponseStart?.(...start)
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    this.armBody(controller)
    this.inner.onResponseData?.(controller, chunk)
  }

  onResponseEnd(...end: End): void {
    this.timer?.cancel()
    this.inner.onResponseEnd?.(...end)
  }

  onResponseError(controller: Controller, error: Error): void {
    this.timer?.cancel()
    this.inner.onResponseError?.(controller, error)
  }

  private armBody(controller: Controller): void {
    this.arm(this.bodyMs, controller, () => new errors.BodyTimeoutError())
  }

  /** 0 waits for ever, as in undici; a reader that has paused the answer is not kept waiting by the server. */
  private arm(ms: number, controller: Controller, error: () => Error): void {
    this.timer?.cancel()
    if (ms === 0) return
    this.timer = this.clock.after(ms, () => {
      if (controller.paused) this.arm(ms, controller, error)
      else controller.abort(error())
    })
  }
}
