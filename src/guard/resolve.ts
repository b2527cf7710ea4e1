import { lookup as systemLookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { codeOf, DeliveryError, Permanent, toError } from '../errors.ts'
import { inTime } from '../time-limit.ts'
import { type AllowList, whySpecial } from './address.ts'

/** Turns a host name into IP addresses. Default: the system's resolver, hosts file included. */
export type Lookup = (host: string) => Promise<readonly string[]>

/** Turns a host (name or IP address) into addresses that may be connected to. */
export type Resolve = (host: string) => Promise<readonly string[]>

const bySystem: Lookup = async (host) =>
  (await systemLookup(host, { all: true })).map(({ address }) => address)

export function refused(reason: string): Permanent {
  return new Permanent(`The URL is refused: ${reason}`, { code: 'url-refused' })
}

/**
 * Lookups of a name that is being looked up already join the one under way: the system resolver
 * works in a pool of four threads that the file system needs too, and cannot be cancelled.
 */
function shared(lookup: Lookup): Lookup {
  const underWay = new Map<string, Promise<readonly string[]>>()
  return (host) => {
    const running = underWay.get(host)
    if (running !== undefined) return running
    const started = lookup(host).finally(() => underWay.delete(host))
    underWay.set(host, started)
    return started
  }
}

/**
 * The heart of the guard. An IP address is judged as it stands; `localhost` and everything under
 * it is the loopback, without a lookup (RFC 6761, 6.3); of any other name every answer must pass.
 * One bad answer refuses all: whoever answers with a public and a private address is not mistaken.
 * The caller connects to the addresses returned and looks nothing up again.
 *
 * @throws Permanent `url-refused`; DeliveryError `timeout-dns`, or with the resolver's own code.
 */
export function createResolve(options: {
  readonly allow: AllowList
  readonly dnsMs: number
  readonly lookup?: Lookup | undefined
}): Resolve {
  const { allow, dnsMs } = options
  const lookup = shared(options.lookup ?? bySystem)
  const why = (address: string) => (allow.address(address) ? undefined : whySpecial(address))

  async function answers(host: string): Promise<readonly string[]> {
    const late = () =>
      new DeliveryError(`Looking up ${host} took longer than ${dnsMs} ms.`, { code: 'timeout-dns' })
    try {
      return await inTime(dnsMs, lookup(host), late)
    } catch (thrown) {
      if (thrown instanceof DeliveryError) throw thrown
      const { message } = toError(thrown)
      throw new DeliveryError(`The host ${host} cannot be looked up: ${message}`, {
        code: codeOf(thrown, 'dns-failed'),
        cause: thrown,
      })
    }
  }

  return async (host) => {
    const name = host.toLowerCase().replace(/\.$/, '')
    if (isIP(name) !== 0) {
      const reason = why(name)
      if (reason !== undefined) throw refused(`${reason}.`)
      return [name]
    }
    if (name === 'localhost' || name.endsWith('.localhost')) {
      const loopback = ['127.0.0.1', '::1']
      const open = allow.host(name) ? loopback : loopback.filter((each) => allow.address(each))
      if (open.length === 0) throw refused(`${name} is this machine itself (RFC 6761).`)
      return open
    }
    const found = await answers(name)
    if (found.length === 0) {
      throw new DeliveryError(`The host ${name} has no address.`, { code: 'ENOTFOUND' })
    }
    const reason = allow.host(name) ? undefined : found.map(why).find((each) => each !== undefined)
    if (reason !== undefined) throw refused(`${name} leads to ${reason}.`)
    return found
  }
}
