import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Attachment, type SmtpOptions, smtp } from '../../channels/email/index.ts'
import { type SmtpTestServer, startSmtp } from '../support/smtp.ts'
import { mailTo } from '../support/smtp-mail.ts'

let server: SmtpTestServer
let folder: string
let root: string
let files: string
const http = createServer(({ url = '' }, response) => {
  if (url === '/moved') response.writeHead(302, { location: '/a.pdf' }).end()
  else if (url === '/busy.pdf') response.writeHead(503).end()
  else if (url.startsWith('/gone.pdf')) response.writeHead(404).end()
  else if (url === '/nameless') response.end('?')
  else if (url === '/big.bin') response.end(Buffer.alloc(5_000))
  else response.setHeader('content-type', 'application/pdf').end('a pdf')
})

before(async () => {
  server = await startSmtp()
  folder = await realpath(await mkdtemp(join(tmpdir(), 'envoyer-attachments-')))
  root = join(folder, 'invoices')
  await mkdir(root)
  await mkdir(join(folder, 'invoices-private'))
  await writeFile(join(root, 'Rechnung.txt'), 'an invoice')
  await writeFile(join(folder, 'invoices-private', 'secret.txt'), 'a secret')
  await symlink(join(folder, 'invoices-private', 'secret.txt'), join(root, 'link.txt'))
  await symlink(join(folder, 'invoices-private'), join(root, 'folder'))
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  files = `http://127.0.0.1:${(http.address() as { port: number }).port}`
})
after(async () => {
  http.close()
  await server.close()
  await rm(folder, { recursive: true })
})

async function send(attachments: readonly Attachment[], over: Partial<SmtpOptions> = {}) {
  const backend = smtp({
    url: server.url,
    from: 'hello@shop.example',
    attachmentRoots: [root],
    attachmentAllow: ['127.0.0.1'],
    maxAttachmentBytes: 4_000,
    ...over,
  })
  const message = { subject: 's', text: 't', html: '<img src="cid:logo">' }
  try {
    await backend.send(mailTo('jane@x.example', { message, options: { attachments } }))
  } finally {
    await backend.close!()
  }
  return server.mails
    .at(-1)!
    .mail.attachments.map(({ filename, mimeType, content, contentId }) => ({
      filename,
      mimeType,
      content: Buffer.from(content as ArrayBuffer).toString(),
      ...(contentId === undefined ? {} : { contentId }),
    }))
}

const refused = { name: 'Permanent', code: 'attachment-invalid' }
const later = { name: 'DeliveryError', code: 'attachment-unavailable' }

test('attachments are read, fetched and decoded when the mail is sent', async () => {
  const attachments = await send([
    { path: join(root, 'Rechnung.txt') },
    { url: `${files}/a.pdf`, filename: 'Größe.pdf' },
    { base64: Buffer.from('logo').toString('base64'), contentType: 'image/png', cid: 'logo' },
  ])
  assert.deepEqual(
    attachments.sort((a, b) => a.content.localeCompare(b.content)),
    [
      { filename: 'Größe.pdf', mimeType: 'application/pdf', content: 'a pdf' },
      { filename: 'Rechnung.txt', mimeType: 'text/plain', content: 'an invoice' },
      { filename: 'attachment-3.png', mimeType: 'image/png', content: 'logo', contentId: '<logo>' },
    ],
  )
})

test('what has neither a name nor a type that is known is named as a file of bytes', async () => {
  const base64 = Buffer.from('x').toString('base64')
  const attachments = await send([
    { base64 },
    { base64, contentType: 'Application/octet-stream' },
    { url: `${files}/nameless` },
    { base64, contentType: 'application/pdf' },
  ])
  assert.deepEqual(
    attachments.map(({ filename }) => filename),
    ['attachment-1.bin', 'attachment-2.bin', 'attachment-3.bin', 'attachment-4.pdf'],
  )
})

test('no file outside of the configured folders is read, whatever leads there', async () => {
  const secret = join(folder, 'invoices-private', 'secret.txt')
  for (const path of [
    secret,
    join(root, '..', 'invoices-private', 'secret.txt'),
    `${root}/../invoices-private/secret.txt`,
    join(root, 'link.txt'),
    join(root, 'folder', 'secret.txt'),
    'invoices/Rechnung.txt',
    '/etc/passwd',
    root,
  ]) {
    await assert.rejects(send([{ path }]), refused, path)
  }
  await assert.rejects(
    send([{ path: join(root, 'Rechnung.txt') }], { attachmentRoots: [] }),
    refused,
  )
})

test('a folder or a pipe is no attachment', { timeout: 5_000 }, async () => {
  await mkdir(join(root, 'sub'), { recursive: true })
  await assert.rejects(send([{ path: join(root, 'sub') }]), refused)
  await assert.rejects(send([{ path: '/dev/zero' }], { attachmentRoots: ['/dev'] }), refused)
})

test('a large attachment arrives byte for byte, whatever falls on the end of a piece', async () => {
  for (const bytes of [48_000, 120_000, 1_000_003]) {
    const content = randomBytes(bytes)
    await writeFile(join(root, 'large.bin'), content)
    await send([{ path: join(root, 'large.bin') }], { maxAttachmentBytes: 2_000_000 })
    const arrived = server.mails.at(-1)!.mail.attachments[0]!.content as ArrayBuffer
    assert.ok(content.equals(Buffer.from(arrived)), `${bytes} bytes`)
  }
})

test('a file that is not there yet is tried again; one that is too large is not', async () => {
  await assert.rejects(send([{ path: join(root, 'tomorrow.txt') }]), later)
  await writeFile(join(root, 'half.bin'), Buffer.alloc(2_500))
  await send([{ path: join(root, 'half.bin') }])
  const twice = [{ path: join(root, 'half.bin') }, { path: join(root, 'half.bin') }]
  await assert.rejects(send(twice), refused)
  await assert.rejects(send([{ url: `${files}/big.bin` }]), refused)
})

test('a URL is fetched from allowed places only, without following redirects', async () => {
  await assert.rejects(send([{ url: `${files}/a.pdf` }], { attachmentAllow: [] }), {
    name: 'Permanent',
    code: 'url-refused',
  })
  await assert.rejects(send([{ url: `${files}/moved` }]), refused)
  await assert.rejects(send([{ url: `${files}/gone.pdf?token=hunter2` }]), (error: Error) => {
    assert.doesNotMatch(error.message, /hunter2/)
    return error.name === 'Permanent'
  })
  await assert.rejects(send([{ url: `${files}/busy.pdf` }]), later)
})
