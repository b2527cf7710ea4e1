import { connect as connectTcp, type LookupFunction, type Socket } from 'node:net'
import { buildConnector } from 'undici'
import { DeliveryError, toError } from '../errors.ts'
import { canonicalAddress } from './address.ts'
import { type Resolve, refused } from './resolve.ts'

/** Hands out addresses that were checked before, in either of the forms that `net` asks for. */
function pinned(addresses: readonly string[]): LookupFunction {
  const answers = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  return (_host, options, callback) => {
    if (options.all) callback(null, answers)
    else callback(null, answers[0]!.address, answers[0]!.family)
  }
}

function openSocket(addresses: readonly string[], port: number): Socket {
  const socket = connectTcp({
    host: addresses[0]!,
    port,
    ...(addresses.length > 1 && {
      host: 'checked.invalid',
      lookup: pinned(addresses),
      autoSelectFamily: true,
      // Node's 250 ms give up on a distant host too early.
      autoSelectFamilyAttemptTimeout: 1000,
    }),
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
  })
  // For as long as it lives: an error without a listener would end the process.
  socket.on('error', () => {})
  return socket
}

/**
 * A connector for undici that connects to nothing but what `resolve` lets through. TCP is opened
 * here, to the addresses checked; the peer's address is looked at again before TLS or HTTP has
 * sent a byte. undici's own connector does the TLS over it and keeps the sessions.
 */
export function createConnector(options: {
  readonly resolve: Resolve
  readonly connectMs: number
  readonly ca?: string | undefined
}): buildConnector.connector {
  const { resolve, connectMs, ca } = options
  const secure = buildConnector({ timeout: 0, ...(ca !== undefined && { ca }) })

  function open(target: buildConnector.Options, addresses: readonly string[]): Promise<Socket> {
    const checked = new Set(addresses.map(canonicalAddress))
    return new Promise((fulfil, reject) => {
      const port = Number(target.port) || (target.protocol === 'https:' ? 443 : 80)
      let socket = openSocket(addresses, port)
      const timer = setTimeout(() => {
        const text = `Connecting to ${target.hostname} took longer than ${connectMs} ms.`
        fail(new DeliveryError(text, { code: 'timeout-connect' }))
      }, connectMs)
      function fail(error: Error) {
        clearTimeout(timer)
        socket.destroy()
        reject(error)
      }
      function done() {
        clearTimeout(timer)
        socket.off('error', fail)
        fulfil(socket)
      }
      socket.once('error', fail)
      socket.once('connect', () => {
        const peer = canonicalAddress(socket.remoteAddress ?? 'nowhere')
        if (!checked.has(peer)) return fail(refused(`the connection led to ${peer}.`))
        if (target.protocol !== 'https:') return done()
        secure({ ...target, httpSocket: socket }, (error, over) => {
          if (error !== null) return fail(error)
          socket.off('error', fail)
          socket = over
          done()
        })
      })
    })
  }

  return (target, callback) => {
    resolve(target.hostname)
      .then((addresses) => open(target, addresses))
      .then(
        (socket) => callback(null, socket),
        (thrown: unknown) => callback(toError(thrown), null),
      )
  }
}
