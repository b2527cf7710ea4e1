import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { type SpecialBlock, specialV4, specialV6 } from './special.ts'

type Range = readonly [ipaddr.IPv4 | ipaddr.IPv6, number]

const ranges = (blocks: readonly SpecialBlock[]) =>
  blocks.map((block) => ({ ...block, range: ipaddr.parseCIDR(block.cidr) }))

const tables = { ipv4: ranges(specialV4), ipv6: ranges(specialV6) }
const nat64 = ipaddr.parseCIDR('64:ff9b::/96')
const sixToFour = ipaddr.parseCIDR('2002::/16')
const globalUnicast = ipaddr.parseCIDR('2000::/3')

/** True where `address` lies in `range`; addresses of the other family never do. */
function within(address: ipaddr.IPv4 | ipaddr.IPv6, range: Range): boolean {
  const [base, bits] = range
  return address.kind() === base.kind() && address.match(base, bits)
}

/** `undefined` for what is no IP address; one with a zone index (`fe80::1%eth0`) is none here. */
function read(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const kind = isIP(text)
  if (kind === 0 || text.includes('%')) return undefined
  if (kind === 4) return ipaddr.parse(text)
  // By way of the URL parser, for ipaddr.js takes `::8.8.8.8` for the mapped `::ffff:8.8.8.8`.
  return ipaddr.parse(new URL(`http://[${text}]`).hostname.slice(1, -1))
}

/** The same address, mapped IPv4 as IPv4. */
function unmapped(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const address = read(text)
  return address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress()
    ? address.toIPv4Address()
    : address
}

/** The IPv4 address that an IPv6 address stands for: mapped, NAT64 (RFC 6052) or 6to4 (RFC 3056). */
function embedded(address: ipaddr.IPv6): ipaddr.IPv4 | undefined {
  if (address.isIPv4MappedAddress()) return address.toIPv4Address()
  const bytes = address.toByteArray()
  if (within(address, nat64)) return new ipaddr.IPv4(bytes.slice(12, 16))
  if (within(address, sixToFour)) return new ipaddr.IPv4(bytes.slice(2, 6))
  return undefined
}

/**
 * Why nothing may be sent to this IP address, or `undefined` for a public one. Both our table and
 * the ranges of ipaddr.js must agree that it is public: a gap in one of them is not a hole.
 */
export function whySpecial(text: string): string | undefined {
  const address = read(text)
  if (address === undefined) return `${text}, which is not an IP address`
  if (address instanceof ipaddr.IPv6) {
    const inner = embedded(address)
    if (inner !== undefined) {
      const why = whySpecial(inner.toString())
      return why === undefined ? undefined : `${text} stands for ${why}`
    }
  }
  const found = tables[address.kind()].find(({ range }) => within(address, range))
  if (found !== undefined) return `${text}, which is ${found.name} (${found.source})`
  if (address.kind() === 'ipv6' && !within(address, globalUnicast)) {
    return `${text}, which is not global unicast (RFC 4291)`
  }
  const range = address.range()
  return range === 'unicast' ? undefined : `${text}, which is ${range}`
}

/** One spelling for each address, so that two can be compared; mapped IPv4 becomes IPv4. */
export function canonicalAddress(text: string): string {
  return unmapped(text)?.toString() ?? text
}

/** What an application has named as its own: such addresses and hosts pass the guard. */
export interface AllowList {
  address(text: string): boolean
  host(name: string): boolean
}

function parseRange(entry: string): Range | undefined {
  const [text = '', bits, ...rest] = entry.split('/')
  const address = read(text)
  if (address === undefined || rest.length > 0) return undefined
  const length = address.kind() === 'ipv4' ? 32 : 128
  if (bits === undefined) return [address, length]
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > length) return undefined
  return [address, Number(bits)]
}

function parseHost(entry: string): string | undefined {
  if (!/^[^\s/:@?#*[\]\\%]+$/.test(entry)) return undefined
  try {
    const { hostname } = new URL(`http://${entry}`)
    return isIP(hostname) === 0 ? hostname.replace(/\.$/, '') : undefined
  } catch {
    return undefined
  }
}

/**
 * Reads a list of CIDR blocks (`10.0.0.0/8`), single addresses and exact host names.
 * A name lets all addresses through that it resolves to.
 * @throws Error naming every entry that is none of these.
 */
export function parseAllowList(entries: readonly string[]): AllowList {
  const allowed: Range[] = []
  const hosts = new Set<string>()
  const wrong: string[] = []
  for (const entry of entries) {
    const range = parseRange(entry)
    const host = range === undefined ? parseHost(entry) : undefined
    if (range !== undefined) allowed.push(range)
    else if (host !== undefined) hosts.add(host)
    else wrong.push(`\`${entry}\``)
  }
  if (wrong.length > 0) {
    throw new Error(
      `\`allow\` takes CIDR blocks, IP addresses and host names, not ${wrong.join(', ')}.`,
    )
  }
  return {
    address: (text) => {
      // Only the mapped form is unwrapped here: NAT64 and 6to4 lead through somebody else's network.
      const address = unmapped(text)
      return address !== undefined && allowed.some((range) => within(address, range))
    },
    host: (name) => hosts.has(name),
  }
}
