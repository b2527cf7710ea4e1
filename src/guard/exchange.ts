import type { Dispatcher } from 'undici'
import { codeOf, DeliveryError, toError } from '../errors.ts'

export interface HttpResponse {
  readonly status: number
  /** Names in lower case; repeated ones joined by a comma. */
  readonly headers: Readonly<Record<string, string>>
  /** At most `maxResponseBytes` of it. */
  readonly body: Buffer
  /** True where there was more; the connection was closed then. */
  readonly truncated: boolean
}

/** undici's name for a connection closed by the other side says nothing to our users. */
function connectionError(error: Error): DeliveryError {
  if (error instanceof DeliveryError) return error
  const code = codeOf(error, 'connection-failed')
  return new DeliveryError(`The request failed: ${error.message || code}`, {
    code: code === 'UND_ERR_SOCKET' ? 'ECONNRESET' : code,
    cause: error,
  })
}

type ReceivedHeaders = Record<string, string | string[] | undefined>

function flat(headers: ReceivedHeaders): Record<string, string> {
  const result: Record<string, string> = Object.create(null)
  for (const name of Object.keys(headers)) {
    const value = headers[name]
    if (value !== undefined) result[name] = typeof value === 'string' ? value : value.join(', ')
  }
  return result
}

interface Limits {
  readonly totalMs: number
  readonly maxResponseBytes: number
  readonly signal?: AbortSignal | undefined
}

/**
 * One request and its answer. Its own handler instead of `undici.request`: the time-out also ends
 * the wait for a connection, the body is counted before it is kept, and no stream is made for it.
 * A class, for this is the hot path: no closure is made per request.
 */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #limits: Limits
  readonly #fulfil: (response: HttpResponse) => void
  readonly #reject: (error: Error) => void
  readonly #timer: NodeJS.Timeout
  #settled = false
  #controller: Dispatcher.DispatchController | undefined
  #status = 0
  #headers: Record<string, string> = {}
  #bytes = 0
  readonly #chunks: Buffer[] = []

  constructor(
    limits: Limits,
    fulfil: (response: HttpResponse) => void,
    reject: (error: Error) => void,
  ) {
    this.#limits = limits
    this.#fulfil = fulfil
    this.#reject = reject
    this.#timer = setTimeout(tooLate, limits.totalMs, this)
    limits.signal?.addEventListener('abort', this)
  }

  /** Of the signal: an object that listens is its own listener. */
  handleEvent(): void {
    const cause: unknown = this.#limits.signal?.reason
    this.fail(new DeliveryError('The request was stopped.', { code: 'aborted', cause }))
  }

  late(): void {
    const text = `The answer took longer than ${this.#limits.totalMs} ms.`
    this.fail(new DeliveryError(text, { code: 'timeout-total' }))
  }

  fail(error: Error): void {
    if (!this.#settle()) return
    this.#controller?.abort(error)
    this.#reject(error)
  }

  #settle(): boolean {
    if (this.#settled) return false
    this.#settled = true
    clearTimeout(this.#timer)
    this.#limits.signal?.removeEventListener('abort', this)
    return true
  }

  #finish(truncated: boolean): void {
    if (!this.#settle()) return
    const body = this.#chunks.length === 0 ? nothing : Buffer.concat(this.#chunks)
    this.#fulfil({ status: this.#status, headers: this.#headers, body, truncated })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    // Given up while it waited for a connection: nothing is sent.
    if (this.#settled) controller.abort(new Error('given up before it was sent'))
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: ReceivedHeaders,
  ): void {
    if (status < 200) return
    this.#status = status
    this.#headers = flat(headers)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#settled) return
    const room = this.#limits.maxResponseBytes - this.#bytes
    this.#bytes += chunk.length
    this.#chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk)
    if (chunk.length <= room) return
    this.#finish(true)
    controller.abort(new Error('the answer is too long'))
  }

  onResponseEnd(): void {
    this.#finish(false)
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.fail(connectionError(toError(error)))
  }
}

const nothing = Buffer.alloc(0)
const tooLate = (exchange: Exchange) => exchange.late()

/** Sends one request over `dispatcher`; the errors are those of `HttpClient.request`. */
export function exchange(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  limits: Limits,
): Promise<HttpResponse> {
  return new Promise((fulfil, reject) => {
    const handler = new Exchange(limits, fulfil, reject)
    if (limits.signal?.aborted) handler.handleEvent()
    else dispatcher.dispatch(request, handler)
  })
}
