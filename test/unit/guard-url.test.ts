import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { type DeliveryError, EnvoyerError, Permanent } from '../../src/errors.ts'
import { createHttpClient } from '../../src/guard/client.ts'
import { readUrl } from '../../src/guard/url.ts'

const publicAnswer = async () => ['93.184.215.14']

describe('checkUrl, which is asked when a URL is registered', () => {
  const client = createHttpClient({ lookup: publicAnswer })
  after(() => client.close())

  const refused = (url: string) =>
    assert.rejects(
      client.checkUrl(url),
      (error) => error instanceof Permanent && error.code === 'url-refused',
      url,
    )

  test('refuses every spelling of the loopback and of private addresses', async () => {
    for (const host of [
      '127.0.0.1',
      '127.0.0.1.',
      '127.1',
      '2130706433',
      '0x7f.1',
      '0x7f000001',
      '0177.0.0.1',
      '0',
      '0.0.0.0',
      '[::1]',
      '[::]',
      '[::ffff:7f00:1]',
      '[::ffff:127.0.0.1]',
      '[64:ff9b::7f00:1]',
      '[2002:7f00:1::]',
      '[::7f00:1]',
      '１２７.０.０.１',
      '127。0。0。1',
      '%31%32%37.0.0.1',
      '10.0.0.1',
      '169.254.169.254',
      '100.64.0.1',
      '[fe80::1]',
      '[fd00:ec2::254]',
      'localhost',
      'LOCALHOST',
      'localhost.',
      'ｌocalhost',
      'db.localhost',
    ]) {
      await refused(`http://${host}/`)
      await refused(`https://${host}:8443/hook`)
    }
  })

  test('refuses other protocols, credentials, ports of other protocols and what is no URL', async () => {
    for (const url of [
      'ftp://example.com/',
      'file:///etc/passwd',
      'javascript:alert(1)',
      'http://user@example.com/',
      'http://user:secret@example.com/',
      'http://example.com@127.0.0.1/',
      'http://example.com:25/',
      'http://example.com:22/',
      'http://example.com:0/',
      'http://',
      'http://./',
      '//example.com/',
      'example.com',
      '',
      'http://example.com/a b',
      'http://exa\nmple.com/',
      'http://example.com/\r\nx-evil: 1',
      `https://example.com/${'x'.repeat(2048)}`,
    ]) {
      await refused(url)
    }
  })

  test('lets public hosts pass, international names and unusual ports too', async () => {
    for (const url of [
      'https://example.com/hook?a=1',
      'http://example.com:8080/',
      'https://bücher.example/',
      'https://example.com./',
      'https://8.8.8.8/',
      'https://[2606:4700:4700::1111]/',
    ]) {
      await client.checkUrl(url)
    }
  })

  test('an error names what was found and nothing of the password', async () => {
    const error = await client
      .checkUrl('http://user:hunter2@example.com/')
      .catch((each: DeliveryError) => each)
    assert.ok(error instanceof Error)
    assert.doesNotMatch(error.message, /hunter2/)
  })
})

test('one private answer among public ones refuses the host', async () => {
  for (const bad of ['127.0.0.1', '10.1.2.3', '::1', 'fd00::1', '::ffff:192.168.0.1']) {
    const client = createHttpClient({ lookup: async () => ['93.184.215.14', bad] })
    await assert.rejects(client.checkUrl('https://mixed.example/'), { code: 'url-refused' })
    await client.close()
  }
})

test('a name on the allow list may lead into a private network; its neighbours may not', async () => {
  const client = createHttpClient({ allow: ['hooks.internal'], lookup: async () => ['10.0.0.5'] })
  await client.checkUrl('http://hooks.internal/')
  await assert.rejects(client.checkUrl('http://other.internal/'), { code: 'url-refused' })
  await client.close()
})

test('a host without an answer is a temporary failure with the resolver’s code', async () => {
  const lookup = () => Promise.reject(Object.assign(new Error('nope'), { code: 'ENOTFOUND' }))
  const client = createHttpClient({ lookup })
  await assert.rejects(client.checkUrl('https://missing.example/'), (error) => {
    assert.ok(!(error instanceof Permanent))
    assert.equal((error as DeliveryError).code, 'ENOTFOUND')
    return true
  })
  await client.close()
})

test('a lookup that takes too long is cut off, and lookups of one name are shared', async () => {
  let lookups = 0
  const client = createHttpClient({
    timeouts: { dnsMs: 50 },
    lookup: () => {
      lookups += 1
      return new Promise(() => {})
    },
  })
  const checks = [1, 2, 3].map(() => client.checkUrl('https://slow.example/'))
  for (const check of await Promise.allSettled(checks)) {
    assert.equal(check.status === 'rejected' && check.reason.code, 'timeout-dns')
  }
  assert.equal(lookups, 1)
  await client.close()
})

test('a wrong configuration is refused at once', () => {
  const wrong = [{ allow: ['not a host'] }, { connections: 0 }, { timeouts: { totalMs: -1 } }]
  for (const options of wrong) {
    assert.throws(
      () => createHttpClient(options),
      (error) => error instanceof EnvoyerError && error.code === 'configuration-invalid',
    )
  }
})

test('a URL is normalised: host in ASCII, no fragment, no trailing dot', () => {
  assert.equal(readUrl('HTTPS://EXAMPLE.com.:443/a#b').href, 'https://example.com/a')
  assert.equal(readUrl('https://bücher.example').href, 'https://xn--bcher-kva.example/')
})
