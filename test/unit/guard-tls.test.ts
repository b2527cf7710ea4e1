import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { describe, test } from 'node:test'
import { createHttpClient } from '../../src/guard/client.ts'
import { startReceiver } from '../support/http-receiver.ts'

/** Self-signed, for hooks.test, localhost and 127.0.0.1; guards nothing. */
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg3Zo2bzun5b0zA3sf
GO5BbxuX/URlR/ZrzEJ3UZEboGmhRANCAATdydHLOxoRAf1Ny60b6rSpfopiG+oE
2bIFH0PG5+p8mhwjGXGQTSZJUROQfbO5LM9lRqxvGgXTzYeTrVGDB/EE
-----END PRIVATE KEY-----
`
const cert = `-----BEGIN CERTIFICATE-----
MIIBqTCCAU+gAwIBAgIUfTinFXxMGBsEhK7zwKpMzUh76kMwCgYIKoZIzj0EAwIw
FTETMBEGA1UEAwwKaG9va3MudGVzdDAgFw0yNjExMjAyMzIyMjVaGA8yMTI2MTAy
NzIzMjIyNVowFTETMBEGA1UEAwwKaG9va3MudGVzdDBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABN3J0cs7GhEB/U3LrRvqtKl+imIb6gTZsgUfQ8bn6nyaHCMZcZBN
JklRE5B9s7ksz2VGrG8aBdPNh5OtUYMH8QSjezB5MB0GA1UdDgQWBBTmjZUKv7ye
zaoRSCYHpplSIokYqjAfBgNVHSMEGDAWgBTmjZUKv7yezaoRSCYHpplSIokYqjAm
BgNVHREEHzAdggpob29rcy50ZXN0gglsb2NhbGhvc3SHBH8AAAEwDwYDVR0TAQH/
BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiBrLT8/UZ13Wr70n0wyhMFQcQVdV3+R
sDvAs+i42rlziQIhAM0xHiysVHjJFS50tVSFFq2VfXHgbNQvGf/bZZ+bBiyM
-----END CERTIFICATE-----
`

describe('HTTPS', () => {
  test('the certificate is checked against the name, not the address connected to', async () => {
    await using receiver = await startReceiver({ tls: { key, cert } })
    const lookup = async () => ['127.0.0.1']
    const client = createHttpClient({ allow: ['127.0.0.1/32'], ca: cert, lookup, connections: 1 })
    const get = (host: string) =>
      client.request({ method: 'GET', url: `https://${host}:${receiver.port}/` })

    assert.equal((await get('hooks.test')).status, 204)
    assert.equal((await get('hooks.test')).status, 204)
    assert.equal(receiver.connections, 1, 'the connection is used again')
    assert.equal((await get('127.0.0.1')).status, 204)
    await assert.rejects(get('other.test'), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
    assert.equal(receiver.requests.length, 3)
    await client.close()
  })

  test('a certificate that nobody vouches for is refused', async () => {
    await using receiver = await startReceiver({ tls: { key, cert } })
    const client = createHttpClient({ allow: ['127.0.0.1'] })
    await assert.rejects(client.request({ method: 'GET', url: receiver.url }), {
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    })
    assert.equal(receiver.requests.length, 0)
    await client.close()
  })

  test('a server that takes the connection and never speaks TLS ends in timeout-connect', async () => {
    const silent = createServer((socket) => void socket.on('error', () => {}).resume())
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as { port: number }
    const client = createHttpClient({ allow: ['127.0.0.1'], timeouts: { connectMs: 100 } })
    await assert.rejects(client.request({ method: 'GET', url: `https://127.0.0.1:${port}/` }), {
      code: 'timeout-connect',
    })
    await client.close()
    await new Promise((resolve) => silent.close(resolve))
  })

  test('a server that answers TLS with something else is a connection error', async () => {
    await using receiver = await startReceiver()
    const client = createHttpClient({ allow: ['127.0.0.1'] })
    const url = `https://127.0.0.1:${receiver.port}/`
    await assert.rejects(client.request({ method: 'GET', url }), { name: 'DeliveryError' })
    await client.close()
  })
})
