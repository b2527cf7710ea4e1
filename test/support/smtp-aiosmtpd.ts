import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const python = '/usr/bin/python3'
const install = ['install', '-y', '--no-install-recommends', 'python3-aiosmtpd']

export interface AcceptedMail {
  readonly from: string
  readonly to: readonly string[]
  readonly data: string
  readonly tls: boolean
  readonly user: string | null
}

export interface Aiosmtpd extends AsyncDisposable {
  readonly port: number
  /** The certificate in PEM, where there is one. */
  readonly ca: string | undefined
  /** The mails accepted for an address, once there is one. */
  acceptedFor(address: string): Promise<readonly [AcceptedMail, ...AcceptedMail[]]>
}

/**
 * Starts an SMTP server whose authors have nothing to do with nodemailer's, to see that we speak
 * SMTP and not a dialect. What its recipients make it do is told in smtp-aiosmtpd.py.
 */
export async function startAiosmtpd(
  options: { tls?: boolean; user?: string; pass?: string } = {},
): Promise<Aiosmtpd> {
  await ensureInstalled()
  const { tls = false, ...login } = options
  const folder = await mkdtemp(join(tmpdir(), 'envoyer-smtp-'))
  const certificate = tls ? await makeCertificate(folder) : undefined
  const script = fileURLToPath(new URL('smtp-aiosmtpd.py', import.meta.url))
  const child = spawn(python, [script, JSON.stringify({ ...login, ...certificate })], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const mails: AcceptedMail[] = []
  let changed = () => {}
  const port = await new Promise<number>((resolve, reject) => {
    exited.then(([code]) => reject(new Error(`aiosmtpd ended with ${code}`)), reject)
    createInterface({ input: child.stdout }).on('line', (line) => {
      const value = JSON.parse(line) as { port: number } | AcceptedMail
      if ('port' in value) return resolve(value.port)
      mails.push({ ...value, data: Buffer.from(value.data, 'base64').toString('latin1') })
      changed()
    })
  })
  return {
    port,
    ca: certificate === undefined ? undefined : await readFile(certificate.cert, 'utf8'),
    async acceptedFor(address) {
      for (;;) {
        const [first, ...others] = mails.filter(({ to }) => to.includes(address))
        if (first !== undefined) return [first, ...others]
        await new Promise<void>((resolve) => {
          changed = resolve
        })
      }
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function ensureInstalled(): Promise<void> {
  if (await isInstalled()) return
  const command = `apt-get ${install.join(' ')}`
  if (process.getuid?.() !== 0) {
    throw new Error(`This test needs aiosmtpd. Run once: sudo ${command}`)
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  try {
    await run('apt-get', install, { env }).catch(async () => {
      await run('apt-get', ['update'], { env }) // the lists may be missing or old
      await run('apt-get', install, { env })
    })
  } catch (error) {
    throw new Error(`This test needs aiosmtpd. Run once: ${command}`, { cause: error })
  }
  if (!(await isInstalled())) throw new Error(`${python} does not find aiosmtpd after: ${command}`)
}

async function isInstalled(): Promise<boolean> {
  return run(python, ['-c', 'import aiosmtpd']).then(
    () => true,
    () => false,
  )
}

/** Self-signed, for 127.0.0.1, valid for a day. */
async function makeCertificate(folder: string) {
  const cert = join(folder, 'cert.pem')
  const key = join(folder, 'key.pem')
  await run('openssl', [
    ...[
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '1',
      '-keyout',
      key,
      '-out',
      cert,
    ],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
  ])
  return { cert, key }
}
