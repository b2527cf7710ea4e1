import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mergeOptions, parseOptions } from '../../channels/postoffice/attributes.ts'
import {
  type PostofficeServerOptions,
  postoffice,
  postofficeServer,
} from '../../channels/postoffice/index.ts'
import { topicAddress } from '../../channels/postoffice/topic.ts'
import { problemsOf } from '../support/failure.ts'

const url = 'http://postoffice.internal:4000'

const problems = (options: object) =>
  problemsOf(() => postofficeServer(options as PostofficeServerOptions))

test('each option of the backend is checked', () => {
  assert.deepEqual(problems({ url }), [])
  assert.deepEqual(problems({ url: `${url}/behind/a/proxy/` }), [])
  const headers = { Authorization: 'Bearer hunter2', 'x-tenant': 'shop' }
  const all = { url, headers, timeoutMs: 1, bulkTimeoutMs: 1, name: 'second' }
  assert.deepEqual(problems({ ...all, withoutPublisher: 'accept', idAttribute: 'id' }), [])
  const wrong: [object, RegExp][] = [
    [{}, /`url`: is missing/],
    [{ url: undefined }, /`url`: is missing/],
    [{ url: 'postoffice:4000' }, /`url`: The URL must start with http/],
    [{ url: 'http://me:hunter2@postoffice/' }, /`url`: The URL contains a user name/],
    [{ url: `${url}?a=1` }, /`url`: must end before the question mark/],
    [{ url: `${url}/api/` }, /`url`: must end before \/api/],
    [{ url, headers: 'hunter2' }, /`headers`: must be an object/],
    [{ url, headers: { authorization: undefined } }, /`headers`: `authorization` has no value/],
    [
      { url, headers: { 'x-a': 'hunter2\r\nx-evil: 1' } },
      /`x-a` must be visible ASCII in one line/,
    ],
    [{ url, headers: { 'x a': 'b' } }, /"x a" is not a header name/],
    [{ url, headers: { 'Content-Type': 'text/plain' } }, /`content-type` cannot be set/],
    [{ url, headers: { 'X-A': 'hunter2', 'x-a': 'b' } }, /`headers`: a name is given twice/],
    [{ url, timeoutMs: 0 }, /`timeoutMs`: must be a number greater than 0/],
    [{ url, timeoutMs: 2 ** 31 }, /`timeoutMs`: must be .* 2147000000 \(24 days\) at most/],
    [{ url, bulkTimeoutMs: '5000' }, /`bulkTimeoutMs`: must be a number/],
    [{ url, withoutPublisher: 'ignore' }, /`withoutPublisher`: must be 'retry' or 'accept'/],
    [{ url, idAttribute: '' }, /`idAttribute`: must be a name/],
    [{ url, name: '' }, /`name`: must be a name/],
    [{ url, timeout: 500 }, /there is no option `timeout`; there are url, headers,/],
  ]
  for (const [options, reason] of wrong) {
    const found = problems(options)
    assert.equal(found.length, 1, JSON.stringify(found))
    assert.match(found[0]!, reason)
  }
})

test('all problems of a configuration are told at once', () => {
  assert.equal(problems({ headers: [], timeoutMs: -1, name: 7, proxy: 'x' }).length, 5)
})

test('attributes become texts, and stay the same when read again', () => {
  const attributes = { source: 'shop', retries: 3, share: 0.5, test: false, last: undefined }
  const parsed = parseOptions({ attributes })
  assert.deepEqual(parsed, {
    attributes: { source: 'shop', retries: '3', share: '0.5', test: 'false' },
  })
  assert.deepEqual(parseOptions(JSON.parse(JSON.stringify(parsed))), parsed)
  for (const nothing of [undefined, null, {}]) assert.deepEqual(parseOptions(nothing), {})
})

test('options that cannot be used are refused, all in one message', () => {
  const attributes = {
    a: null,
    b: { c: 1 },
    d: [],
    e: Number.NaN,
    f: 2 ** 60,
    g: '\u0000',
    '': 'h',
  }
  const wrong = () => parseOptions({ attributes, topic: 'x' })
  for (const name of ['a', 'b', 'd']) {
    assert.throws(wrong, new RegExp(`"${name}" must be a string, a number or a boolean`))
  }
  for (const name of ['e', 'f']) assert.throws(wrong, new RegExp(`"${name}" is too large`))
  assert.throws(wrong, /"g" holds a NUL/)
  assert.throws(wrong, /"" is not a name/)
  assert.throws(wrong, /there is no option `topic`/)
  assert.throws(() => parseOptions([]), /must be an object/)
  for (const each of ['a', [], null]) {
    assert.throws(() => parseOptions({ attributes: each }), /they must be an object/)
  }
})

test('attribute by attribute, the call’s lie over the event’s', () => {
  const over = mergeOptions({ attributes: { a: '1', b: '1' } }, { attributes: { b: '2' } })
  assert.deepEqual(over, { attributes: { a: '1', b: '2' } })
  assert.deepEqual(mergeOptions({}, {}), {})
})

test('a topic is 1 to 100 characters, trimmed; capitals count', () => {
  assert.equal(topicAddress.parse(' Order.Shipped '), 'Order.Shipped')
  assert.equal(topicAddress.key('Order.Shipped'), 'Order.Shipped')
  assert.equal(topicAddress.recipientKey, 'topic')
  for (const topic of ['x'.repeat(100), '🚚'.repeat(100)]) {
    assert.equal(topicAddress.parse(topic), topic)
  }
  for (const wrong of ['', ' ', 'x'.repeat(101), 'a\nb', 'a\u0000', '\ud800', 7, null, {}]) {
    assert.throws(() => topicAddress.parse(wrong), /^Error: a topic must|^Error: a topic has/)
  }
})

test('by default a worker has as many in flight as make a bulk worth while', async () => {
  const backend = postofficeServer({ url })
  assert.equal(postoffice({ backend }).concurrency, 200)
  assert.equal(postoffice({ backend, concurrency: 10 }).concurrency, 10)
  assert.ok(backend.manyAtMost! >= 200 && backend.manyAtMost! <= 3000)
  await backend.close?.()
})
