import type { EntityManager } from '../database/handle.ts'
import type { QueuedDelivery } from '../outbox/find.ts'
import type { SendResult } from '../outbox/result.ts'
import type { OnProgress } from '../send.ts'
import type { Explanation } from '../wiring/explain.ts'
import type { OwnDeliveries } from '../wiring/operate.ts'
import type { Completed, WaitOptions } from '../wiring/wait.ts'
import type { Worker, WorkerOptions } from '../worker/worker.ts'

/** The envoyer as it is where the database is, and what its owner does for others besides. */
export interface Home {
  readonly envoyer: {
    send(
      event: string,
      recipients: object,
      context: unknown,
      options?: { database?: EntityManager; key?: string; onProgress?: OnProgress },
    ): Promise<SendResult>
    waitFor(notification: string, options?: WaitOptions): Promise<Completed>
    explain(event: string, recipient: object, options?: object): Promise<Explanation>
    migrate(options?: { readonly dryRun?: boolean }): Promise<readonly string[]>
    readonly deliveries: Pick<OwnDeliveries, 'get' | 'retry' | 'cancel' | 'reschedule'>
  }
  resendAs: OwnDeliveries['resendAs']
  /** A page of a notification's deliveries. */
  page(notificationId: string, after: string): Promise<readonly QueuedDelivery[]>
  /** Starts a worker for a client: it ends with it, or when this envoyer closes. */
  work(options: WorkerOptions): Promise<Worker>
  /** Starts one for this process. */
  workHere(options: WorkerOptions): Promise<Worker>
}
