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

function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const result: Record<string, string> = Object.create(null)
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) result[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return result
}

/**
 * One request and its answer. Its own handler instead of `undici.request`: the time-out also ends
 * the wait for a connection, the body is counted before it is kept, and no stream is made for it.
 */
export function exchange(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  limits: {
    readonly totalMs: number
    readonly maxResponseBytes: number
    readonly signal?: AbortSignal | undefined
  },
): Promise<HttpResponse> {
  const { totalMs, maxResponseBytes, signal } = limits
  return new Promise((fulfil, reject) => {
    let settled = false
    let controller: Dispatcher.DispatchController | undefined
    let status = 0
    let headers: Record<string, string> = {}
    let bytes = 0
    const chunks: Buffer[] = []

    const timer = setTimeout(() => {
      fail(
        new DeliveryError(`The answer took longer than ${totalMs} ms.`, { code: 'timeout-total' }),
      )
    }, totalMs)
    const onAbort = () =>
      fail(
        new DeliveryError('The request was stopped.', { code: 'aborted', cause: signal?.reason }),
      )

    function settle(): boolean {
      if (settled) return false
      settled = true
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      return true
    }
    function fail(error: Error) {
      if (!settle()) return
      controller?.abort(error)
      reject(error)
    }
    function finish(truncated: boolean) {
      if (settle()) fulfil({ status, headers, body: Buffer.concat(chunks), truncated })
    }

    signal?.addEventListener('abort', onAbort, { once: true })
    if (signal?.aborted) return onAbort()

    dispatcher.dispatch(request, {
      onRequestStart(given) {
        controller = given
        // Given up while it waited for a connection: nothing is sent.
        if (settled) given.abort(new Error('given up before it was sent'))
      },
      onResponseStart(_controller, code, received) {
        if (code < 200) return
        status = code
        headers = flat(received)
      },
      onResponseData(given, chunk) {
        if (settled) return
        const room = maxResponseBytes - bytes
        bytes += chunk.length
        chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk)
        if (chunk.length <= room) return
        finish(true)
        given.abort(new Error('the answer is too long'))
      },
      onResponseEnd: () => finish(false),
      onResponseError: (_controller, error) => fail(connectionError(toError(error))),
    })
  })
}
