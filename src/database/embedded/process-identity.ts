import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** A process, told apart from a later one that was given the same number. */
export interface ProcessIdentity {
  readonly pid: number
  /** When it started, in whatever form the system gives; undefined where it gives none. */
  readonly started: string | undefined
  /** Where its number means anything: this boot and pid namespace, or else this host. */
  readonly place: string
  readonly host: string
}

export function ownIdentity(): ProcessIdentity {
  return identityOf(process.pid)
}

/** Of a process on this machine. */
export function identityOf(pid: number): ProcessIdentity {
  return { pid, started: startOf(pid), place: place(), host: hostname() }
}

/** Whether a process runs: undefined where this cannot be known from here. */
export function isRunning(other: ProcessIdentity): boolean | undefined {
  if (other.place !== place()) return undefined
  try {
    process.kill(other.pid, 0)
  } catch (error) {
    // EPERM: it is there, and another user's.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  if (isDead(other.pid)) return false
  const started = startOf(other.pid)
  if (started === undefined || other.started === undefined) return undefined
  return started === other.started
}

function place(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return hostname()
  }
}

function startOf(pid: number): string | undefined {
  if (process.platform === 'linux') return statOf(pid)?.[19]
  if (process.platform === 'win32') return undefined
  try {
    const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' }
    const lstart = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { env, stdio: 'pipe' })
    return lstart.toString().trim() || undefined
  } catch {
    return undefined
  }
}

/** A zombie: killed, and not yet waited for by its parent. */
function isDead(pid: number): boolean {
  if (statOf(pid)?.[0] !== 'Z') return false
  try {
    // Its first thread may be gone while another still finishes a write.
    return readdirSync(`/proc/${pid}/task`).length <= 1
  } catch {
    return true
  }
}

/** The fields of /proc/<pid>/stat from the third (state) on: the second may hold any character. */
function statOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}
