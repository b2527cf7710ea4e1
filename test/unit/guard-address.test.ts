import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseAllowList, whySpecial } from '../../src/guard/address.ts'
import { specialV4, specialV6 } from '../../src/guard/special.ts'

const fromNumber = (value: number) =>
  [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.')

const v4Bounds = (cidr: string) => {
  const [base = '', bits = ''] = cidr.split('/')
  const first = base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  return { first, last: first + 2 ** (32 - Number(bits)) - 1 }
}

/** Any IPv4 address, with the blocks of the table hit as often as not. */
const anyV4 = fc.oneof(
  fc.integer({ min: 0, max: 0xffffffff }),
  fc.constantFrom(...specialV4).chain(({ cidr }) => {
    const { first, last } = v4Bounds(cidr)
    return fc.integer({ min: Math.max(first - 1, 0), max: Math.min(last + 1, 0xffffffff) })
  }),
)

const special = (value: number) =>
  specialV4.some(({ cidr }) => {
    const { first, last } = v4Bounds(cidr)
    return value >= first && value <= last
  })

const groups = (value: number) => `${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`

describe('which addresses a message may go to', () => {
  test('an IPv4 address is refused exactly when it is in a block of the registry', () => {
    fc.assert(
      fc.property(anyV4, (value) => {
        assert.equal(whySpecial(fromNumber(value)) !== undefined, special(value))
      }),
      { numRuns: 2000 },
    )
  })

  test('an IPv4 address inside an IPv6 one is judged as the IPv4 address', () => {
    fc.assert(
      fc.property(anyV4, (value) => {
        for (const text of [
          `::ffff:${groups(value)}`,
          `::ffff:${fromNumber(value)}`,
          `64:ff9b::${groups(value)}`,
          `2002:${groups(value)}::1`,
        ]) {
          assert.equal(whySpecial(text) !== undefined, special(value), text)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('every address of every special IPv6 block is refused', () => {
    const member = fc.constantFrom(...specialV6).chain(({ cidr }) => {
      const [base = '', bits = ''] = cidr.split('/')
      const [head = '', tail = ''] = base.split('::')
      const left = head.split(':').filter(Boolean)
      const right = tail.split(':').filter(Boolean)
      const zeros = Array(8 - left.length - right.length).fill('0')
      const prefix = [...left, ...zeros, ...right].reduce(
        (sum, group) => (sum << 16n) | BigInt(`0x${group}`),
        0n,
      )
      return fc.bigInt({ min: 0n, max: (1n << (128n - BigInt(bits))) - 1n }).map((host) => {
        const digits = (prefix | host).toString(16).padStart(32, '0')
        return digits.match(/.{4}/g)!.join(':')
      })
    })
    fc.assert(
      fc.property(member, (text) => {
        assert.notEqual(whySpecial(text), undefined, text)
      }),
      { numRuns: 1000 },
    )
  })

  test('outside 2000::/3 nothing is public but translated IPv4', () => {
    fc.assert(
      fc.property(
        fc.ipV6().filter((text) => !text.includes('.')),
        (text) => {
          const first = Number.parseInt(text.split(':')[0] || '0', 16)
          if (first >= 0x2000 && first <= 0x3fff) return
          if (/^(::ffff:|0*64:ff9b:)/i.test(text)) return
          assert.notEqual(whySpecial(text), undefined, text)
        },
      ),
    )
  })

  test('first and last address of each IPv4 block set aside are refused', () => {
    // Written out: the test above would not notice a row missing in the table.
    const edges = `0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255
      127.0.0.0 127.255.255.255 169.254.0.0 169.254.255.255 172.16.0.0 172.31.255.255
      192.0.0.0 192.0.0.9 192.0.0.255 192.0.2.0 192.0.2.255 192.31.196.0 192.31.196.255
      192.52.193.0 192.52.193.255 192.88.99.0 192.88.99.255 192.168.0.0 192.168.255.255
      192.175.48.0 192.175.48.255 198.18.0.0 198.19.255.255 198.51.100.0 198.51.100.255
      203.0.113.0 203.0.113.255 224.0.0.0 239.255.255.255 240.0.0.0 255.255.255.255`
    for (const text of edges.split(/\s+/)) assert.notEqual(whySpecial(text), undefined, text)
  })

  test('an address of each IPv6 block set aside is refused', () => {
    const members = `:: ::1 ::7f00:1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:0:808:808 64:ff9b::a00:1
      64:ff9b:1::808:808 100::1 100:0:0:1::1 2001::1 2001:1::1 2001:2::1 2001:3::1 2001:4:112::1
      2001:10::1 2001:20::1 2001:30::1 2001:1ff:ffff::1 2001:db8::1 2002:a00:1:: 2620:4f:8000::1
      3fff::1 3fff:fff:ffff::1 4000::1 5f00::1 fc00::1 fdff::1 fe80::1 febf::1 fec0::1 ff02::1`
    for (const text of members.split(/\s+/)) assert.notEqual(whySpecial(text), undefined, text)
  })

  test('public addresses pass, in both families', () => {
    for (const text of [
      '1.1.1.1',
      '8.8.8.8',
      '100.63.255.255',
      '100.128.0.0',
      '172.15.255.255',
      '172.32.0.1',
      '198.17.255.255',
      '223.255.255.255',
      '2606:4700:4700::1111',
      '2001:200::1',
      '2001:4860:4860::8888',
      '2a00:1450:4001:80b::200e',
    ]) {
      assert.equal(whySpecial(text), undefined, text)
    }
  })

  test('the reason names the block and the RFC', () => {
    assert.match(whySpecial('169.254.169.254') ?? '', /link local \(RFC 3927\)/)
    assert.match(whySpecial('::ffff:10.0.0.1') ?? '', /stands for 10\.0\.0\.1.*private use/)
    assert.match(whySpecial('fd00::1') ?? '', /unique local \(RFC 4193\)/)
  })

  test('what is no IP address is refused, a zone index included', () => {
    assert.notEqual(whySpecial('example.com'), undefined)
    assert.notEqual(whySpecial('010.0.0.1'), undefined)
    assert.notEqual(whySpecial(''), undefined)
    assert.notEqual(whySpecial('fe80::1%eth0'), undefined)
  })
})

describe('the allow list', () => {
  test('opens blocks, single addresses and names, and nothing else', () => {
    const allow = parseAllowList(['10.0.0.0/8', '192.168.1.7', 'fd00::/8', 'Hooks.Internal'])
    assert.ok(allow.address('10.255.0.1'))
    assert.ok(allow.address('::ffff:10.0.0.1'))
    assert.ok(allow.address('192.168.1.7'))
    assert.ok(allow.address('fd12::1'))
    assert.ok(allow.host('hooks.internal'))
    assert.ok(!allow.address('192.168.1.8'))
    assert.ok(!allow.address('11.0.0.1'))
    assert.ok(!allow.address('64:ff9b::a00:1'), 'NAT64 leads through another network')
    assert.ok(!allow.host('evil.hooks.internal'))
    assert.ok(!allow.host('internal'))
  })

  test('refuses entries that would not do what they look like', () => {
    for (const entry of ['10.0.0.0/33', '10.0.0.0/', '010.0.0.0/8', '*.internal', 'http://x', '']) {
      assert.throws(() => parseAllowList(['10.0.0.0/8', entry]), /allow/, entry)
    }
  })
})
