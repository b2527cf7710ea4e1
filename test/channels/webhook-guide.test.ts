import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { sign } from '../../src/secret/signature.ts'
import { createSigningSecret } from '../../src/secret/signing-secret.ts'

const guide = await readFile(
  new URL('../../docs/guides/channels/webhook.md', import.meta.url),
  'utf8',
)
const examples = [...guide.matchAll(/```js\n(.*?)```/gs)].map(([, code = '']) => code)

type Receive = (secret: string, headers: Record<string, string>, body: string) => unknown

async function load(code: string): Promise<Receive> {
  const library = import.meta.resolve('standardwebhooks')
  const source = code.replace("'standardwebhooks'", `'${library}'`)
  const module = (await import(`data:text/javascript,${encodeURIComponent(source)}`)) as {
    receive: Receive
  }
  return module.receive
}

test('the guide’s examples accept what we send and nothing else', async () => {
  assert.equal(examples.length, 2)
  const [secret, old] = [createSigningSecret(), createSigningSecret()]
  const body = '{"id":"1","data":"größe"}'
  const headers = sign({ id: '1', timestamp: new Date(), body }, [old, secret])
  const stale = sign({ id: '1', timestamp: new Date(Date.now() - 301_000), body }, [secret])
  for (const code of examples) {
    const receive = await load(code)
    assert.deepEqual(receive(secret, headers, body), { id: '1', data: 'größe' })
    assert.throws(() => receive(secret, headers, body.replace('1', '2')))
    assert.throws(() => receive(createSigningSecret(), headers, body))
    assert.throws(() => receive(secret, { ...headers, 'webhook-id': '2' }, body))
    assert.throws(() => receive(secret, stale, body))
    assert.throws(() => receive(secret, {}, body))
  }
})
