/** One block of addresses that no message of ours may go to. */
export interface SpecialBlock {
  readonly cidr: string
  readonly name: string
  /** The RFC that set it aside. */
  readonly source: string
}

const block = (cidr: string, name: string, source: string): SpecialBlock => ({ cidr, name, source })

/**
 * The IANA IPv4 Special-Purpose Address Registry (RFC 6890, RFC 8190), with multicast. Blocks that
 * the registry calls globally reachable are in it too: none of them is a place for a web server.
 */
export const specialV4: readonly SpecialBlock[] = [
  block('0.0.0.0/8', 'this network', 'RFC 791'),
  block('10.0.0.0/8', 'private use', 'RFC 1918'),
  block('100.64.0.0/10', 'shared address space (CGNAT)', 'RFC 6598'),
  block('127.0.0.0/8', 'loopback', 'RFC 1122'),
  block('169.254.0.0/16', 'link local', 'RFC 3927'),
  block('172.16.0.0/12', 'private use', 'RFC 1918'),
  block('192.0.0.0/24', 'IETF protocol assignments', 'RFC 6890'),
  block('192.0.2.0/24', 'documentation (TEST-NET-1)', 'RFC 5737'),
  block('192.31.196.0/24', 'AS112-v4', 'RFC 7535'),
  block('192.52.193.0/24', 'AMT', 'RFC 7450'),
  block('192.88.99.0/24', '6to4 relay anycast', 'RFC 7526'),
  block('192.168.0.0/16', 'private use', 'RFC 1918'),
  block('192.175.48.0/24', 'direct delegation AS112', 'RFC 7534'),
  block('198.18.0.0/15', 'benchmarking', 'RFC 2544'),
  block('198.51.100.0/24', 'documentation (TEST-NET-2)', 'RFC 5737'),
  block('203.0.113.0/24', 'documentation (TEST-NET-3)', 'RFC 5737'),
  block('224.0.0.0/4', 'multicast', 'RFC 5771'),
  block('255.255.255.255/32', 'limited broadcast', 'RFC 919'),
  block('240.0.0.0/4', 'reserved', 'RFC 1112'),
]

/**
 * The IANA IPv6 Special-Purpose Address Registry, the deprecated blocks of RFC 4291 and multicast.
 * The first match names the reason. Everything outside 2000::/3 is refused besides (RFC 4291, 2.4).
 * `::ffff:0:0/96`, `64:ff9b::/96` and `2002::/16` are missing here: they carry an IPv4 address,
 * which is looked up instead.
 */
export const specialV6: readonly SpecialBlock[] = [
  block('::/128', 'unspecified', 'RFC 4291'),
  block('::1/128', 'loopback', 'RFC 4291'),
  block('::/96', 'IPv4-compatible (deprecated)', 'RFC 4291'),
  block('::ffff:0:0:0/96', 'IPv4-translated', 'RFC 7915'),
  block('64:ff9b:1::/48', 'local-use IPv4/IPv6 translation', 'RFC 8215'),
  block('100::/64', 'discard only', 'RFC 6666'),
  block('100:0:0:1::/64', 'dummy prefix', 'RFC 9780'),
  block('2001::/32', 'Teredo', 'RFC 4380'),
  block('2001:10::/28', 'ORCHID (deprecated)', 'RFC 4843'),
  block('2001:20::/28', 'ORCHIDv2', 'RFC 7343'),
  block('2001::/23', 'IETF protocol assignments', 'RFC 2928'),
  block('2001:db8::/32', 'documentation', 'RFC 3849'),
  block('2620:4f:8000::/48', 'direct delegation AS112', 'RFC 7534'),
  block('3fff::/20', 'documentation', 'RFC 9637'),
  block('5f00::/16', 'segment routing SIDs', 'RFC 9602'),
  block('fc00::/7', 'unique local', 'RFC 4193'),
  block('fe80::/10', 'link local', 'RFC 4291'),
  block('fec0::/10', 'site local (deprecated)', 'RFC 3879'),
  block('ff00::/8', 'multicast', 'RFC 4291'),
]

/**
 * Ports that speak another protocol, which an HTTP request could be mistaken for: the list of
 * "bad ports" of the Fetch standard (https://fetch.spec.whatwg.org/#port-blocking).
 */
export const badPorts: ReadonlySet<number> = new Set([
  0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102,
  103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465,
  512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993,
  995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668,
  6669, 6679, 6697, 10080,
])
